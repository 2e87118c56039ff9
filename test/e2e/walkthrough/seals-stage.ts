// SPDX-License-Identifier: Apache-2.0
/** A server whose seals change while it is looked at: its configuration is written anew, and it can be started again. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { type ServerProcess, Workplace } from "../../support/command.ts";
import { pkcs11Seal, writeConfig } from "../config.ts";
import { DocumentedPage } from "./documented.ts";
import { Shell } from "./shell.ts";

/** A server with an HSM at hand, a shell, and the page whose commands are run. */
export class SealsStage {
  readonly work: Workplace;
  readonly shell: Shell;
  readonly page: DocumentedPage;
  readonly #hsm: SoftHsm;
  #server: ServerProcess | undefined;
  #token = "";

  private constructor(work: Workplace, shell: Shell, page: DocumentedPage, hsm: SoftHsm) {
    this.work = work;
    this.shell = shell;
    this.page = page;
    this.#hsm = hsm;
  }

  /** Starts nothing yet. `page` is the name of a page in `docs/operations`. */
  static async open(page: string): Promise<SealsStage> {
    const hsm = await softHsm();
    await hsm.addAesKey({ label: "unseal-key", id: "01" });
    const work = await Workplace.open();
    return new SealsStage(work, await Shell.open(work), new DocumentedPage(page), hsm);
  }

  get server(): ServerProcess {
    if (this.#server === undefined) throw new Error("no server was started");
    return this.#server;
  }

  /** The block of the HSM's seal. */
  hsmBlock(lines = ""): string {
    return pkcs11Seal(this.#hsm, `name = "hsm"\n  mechanism = "CKM_AES_GCM"\n  ${lines}`);
  }

  /** The block of a static seal with a key file of its own, which is made at the first call for `name`. */
  async staticBlock(name: string, lines = ""): Promise<string> {
    await writeFile(this.work.path(`${name}.key`), randomBytes(32).toString("hex"), { flag: "wx" }).catch(() => {});
    return `seal "static" {
  name           = "${name}"
  current_key_id = "${name}-key"
  current_key    = "file://${this.work.path(`${name}.key`)}"
  ${lines}
}
`;
  }

  /** Takes the HSM away: processes that start from now on find no token. */
  loseHsm(): Promise<void> {
    return this.#hsm.stop();
  }

  /** Writes the configuration; a server that runs reads it at its next reload. */
  configure(seals: string): Promise<string> {
    return writeConfig(this.work, { seal: seals });
  }

  /** Starts a server with `seals`, after the one before is gone. */
  async serve(seals: string): Promise<ServerProcess> {
    await this.stop();
    const server = await this.work.serve([await this.configure(seals)], { ...this.#hsm.env, HSM_PIN: this.#hsm.pin });
    this.#server = server;
    this.#export();
    return server;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** What commands use from now on. */
  useToken(token: string): void {
    this.#token = token;
    this.#export();
  }

  /** Runs a command that the page shows, `values` in place of what stands for something. */
  run(documented: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
    const line = this.page.take(documented, values).replace(/^curl /, "curl -sS --fail-with-body ");
    return this.shell.ok(line);
  }

  /** Whether the server serves what was written before: the proof that the storage is open. */
  async keeps(value: string): Promise<boolean> {
    return (await this.shell.ok("sealwright kv get -mount=secret -field=value kept")).trim() === value;
  }

  async close(): Promise<void> {
    await this.shell.close();
    await this.work.close();
    await this.#hsm.stop();
  }

  #export(): void {
    this.shell.exported = {
      ...(this.#server === undefined ? {} : { VAULT_ADDR: this.#server.url }),
      ...(this.#token === "" ? {} : { VAULT_TOKEN: this.#token }),
      ...this.#hsm.env,
      HSM_PIN: this.#hsm.pin,
    };
  }
}
