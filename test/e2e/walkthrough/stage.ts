// SPDX-License-Identifier: Apache-2.0
/** A server that was initialised as people do it: on the command line, with what it printed saved as a text file. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { type ServerProcess, Workplace } from "../../support/command.ts";
import { pkcs11Seal, staticSeal, writeConfig } from "../config.ts";
import { Shell } from "./shell.ts";

/** The seals that the walk-throughs are done on. */
export const SEALS = ["shamir", "static", "softhsm"] as const;

/** One of {@link SEALS}. */
export type SealName = (typeof SEALS)[number];

export interface StageOptions {
  /** 5 unless given. */
  readonly shares?: number;
  /** 3 unless given. */
  readonly threshold?: number;
  /** `lmdb` unless given. */
  readonly storage?: "lmdb" | "file";
  /** What else stands at the top level of the configuration. */
  readonly lines?: string;
}

/** An answer of the HTTP API; `body` is empty where it has none. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function sealBlock(seal: SealName, work: Workplace, hsm: SoftHsm | undefined): Promise<string> {
  if (seal === "shamir") return "";
  if (hsm !== undefined) return pkcs11Seal(hsm, 'mechanism = "CKM_AES_GCM"');
  await writeFile(work.path("static.key"), randomBytes(32).toString("hex"));
  return staticSeal(work.path("static.key"));
}

export class Stage {
  readonly work: Workplace;
  readonly shell: Shell;
  /** The shares that init gave, in base64. */
  readonly keys: readonly string[];
  readonly rootToken: string;
  readonly #seal: SealName;
  readonly #hsm: SoftHsm | undefined;
  readonly #config: string;
  #server: ServerProcess;

  private constructor(parts: Pick<Stage, "work" | "shell" | "keys" | "rootToken"> & StageParts) {
    this.work = parts.work;
    this.shell = parts.shell;
    this.keys = parts.keys;
    this.rootToken = parts.rootToken;
    this.#seal = parts.seal;
    this.#hsm = parts.hsm;
    this.#config = parts.config;
    this.#server = parts.server;
    this.#export();
  }

  /** Starts a server under `seal`, initialises it, saves what that printed as `init.txt`, and unseals. */
  static async open(seal: SealName, options: StageOptions = {}): Promise<Stage> {
    const { shares = 5, threshold = 3, storage = "lmdb", lines = "" } = options;
    const work = await Workplace.open();
    const hsm = seal === "softhsm" ? await softHsm() : undefined;
    await hsm?.addAesKey({ label: "unseal-key", id: "01" });
    const config = await writeConfig(work, { storage, seal: await sealBlock(seal, work, hsm), lines });
    const server = await work.serve([config], hsmVariables(hsm));
    const shell = await Shell.open(work);
    const kind = seal === "shamir" ? "key" : "recovery";
    const numbers = `-${kind}-shares=${shares} -${kind}-threshold=${threshold}`;
    await shell.ok(`sealwright operator init ${numbers} > init.txt`, { VAULT_ADDR: server.url });
    const text = await readFile(work.path("init.txt"), "utf8");
    const keys = [...text.matchAll(/^(?:Unseal|Recovery) Key \d+: (\S+)$/gm)].map((match) => match[1] ?? "");
    const rootToken = /^Initial Root Token: (\S+)$/m.exec(text)?.[1] ?? "";
    const stage = new Stage({ work, shell, keys, rootToken, seal, hsm, config, server });
    await stage.unseal(keys.slice(0, threshold));
    await shell.ok("sealwright secrets enable -path=secret -version=1 kv");
    return stage;
  }

  /** What a process needs that talks to the HSM; nothing where there is none. */
  get hsmVariables(): Readonly<Record<string, string>> {
    return hsmVariables(this.#hsm);
  }

  get server(): ServerProcess {
    return this.#server;
  }

  /** What every command that is about the shares of people needs, with a space behind. */
  get target(): string {
    return this.#seal === "shamir" ? "" : "-target=recovery ";
  }

  /** The endpoints of a rekey of those shares. */
  get rekeyPath(): string {
    return this.#seal === "shamir" ? "sys/rekey" : "sys/rekey-recovery-key";
  }

  /** A request to the server; without a token unless one is given. */
  async http(method: string, path: string, body?: object, token?: string): Promise<HttpAnswer> {
    const answer = await fetch(`${this.#server.url}/v1/${path}`, {
      method,
      headers: token === undefined ? {} : { "X-Vault-Token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as HttpAnswer["body"]) };
  }

  /** Submits `keys` to `path` one after another under `nonce`, and gives the last answer. */
  async submit(path: string, nonce: unknown, keys: readonly string[]): Promise<HttpAnswer> {
    let last: HttpAnswer = { status: 0, body: {} };
    for (const key of keys) last = await this.http("PUT", path, { nonce, key });
    return last;
  }

  /** Gives unseal keys by HTTP, where the server needs any. The last answer, or the seal's status where it needs none. */
  async unseal(keys: readonly string[]): Promise<HttpAnswer> {
    if (this.#seal !== "shamir") return this.http("GET", "sys/seal-status");
    return this.submit("sys/unseal", undefined, keys);
  }

  /** Ends the server by `signal`, does `meanwhile`, and starts it again, sealed where it has a Shamir seal. */
  async restart(signal: NodeJS.Signals = "SIGTERM", meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.#server.stop(signal);
    await meanwhile();
    this.#server = await this.work.serve([this.#config], hsmVariables(this.#hsm));
    this.#export();
    if (this.#seal !== "shamir") await this.#server.command.until(/unsealed/);
  }

  /** Whether `keys` are what people hold now: they open a Shamir seal, and make a root token where there is another. */
  async obeys(keys: readonly string[]): Promise<boolean> {
    if (this.#seal === "shamir") {
      await this.restart();
      return (await this.unseal(keys)).body.sealed === false;
    }
    const { body } = await this.http("PUT", "sys/generate-root/attempt", {});
    const made = await this.submit("sys/generate-root/update", body.nonce, keys);
    if (made.body.complete !== true) await this.http("DELETE", "sys/generate-root/attempt", { nonce: body.nonce });
    return made.body.complete === true;
  }

  /** Ends everything and removes it. */
  async close(): Promise<void> {
    await this.shell.close();
    await this.work.close();
    await this.#hsm?.stop();
  }

  #export(): void {
    this.shell.exported = { VAULT_ADDR: this.#server.url, VAULT_TOKEN: this.rootToken };
  }
}

interface StageParts {
  readonly seal: SealName;
  readonly hsm: SoftHsm | undefined;
  readonly config: string;
  readonly server: ServerProcess;
}

function hsmVariables(hsm: SoftHsm | undefined): Record<string, string> {
  return hsm === undefined ? {} : { ...hsm.env, HSM_PIN: hsm.pin };
}
