// SPDX-License-Identifier: Apache-2.0
/** A server whose seal is a SoftHSM behind a module that misbehaves on command, and what can be seen of its count. */
import { readFile } from "node:fs/promises";
import { type FaultyHsm, faultyHsm } from "@sealwright/testing/faulty-hsm";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { pkcs11Seal, writeConfig } from "./config.ts";

/** What is configured beside the seal. */
export interface Settings {
  /** The longest that one call of the HSM may take; nine seconds unless given. */
  readonly deadline?: string;
  /** Between saves of the count: the default of five minutes, which no test reaches, unless given. */
  readonly interval?: string;
}

/** The saves of the count since the server started, as Prometheus reads them. */
export interface Saves {
  readonly ended: number;
  readonly seconds: number;
  readonly failures: Readonly<Record<"timeout" | "failed" | "superseded", number>>;
}

export class FaultyHsmServer {
  readonly faulty: FaultyHsm;
  readonly #hsm: SoftHsm;
  readonly #work: Workplace;
  #server: ServerProcess | undefined;
  #token = "";

  private constructor(work: Workplace, hsm: SoftHsm, faulty: FaultyHsm) {
    this.#work = work;
    this.#hsm = hsm;
    this.faulty = faulty;
  }

  /** A token with the server's key, a folder, and a configuration; no server yet. */
  static async open(): Promise<FaultyHsmServer> {
    const hsm = await softHsm();
    try {
      await hsm.addAesKey({ label: "unseal-key", id: "01" });
      const faulty = await faultyHsm({ forwardTo: hsm.lib });
      return new FaultyHsmServer(await Workplace.open(), hsm, faulty);
    } catch (error) {
      await hsm.stop();
      throw error;
    }
  }

  /** Starts the server on an HSM without faults, initialises it and makes a mount at `slow/`. */
  async begin(settings: Settings = {}, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { deadline = "9s", interval } = settings;
    const lines = `mechanism = "CKM_AES_GCM"\n  call_deadline = "${deadline}"`;
    await writeConfig(this.#work, {
      storage: "file",
      seal: pkcs11Seal({ ...this.#hsm, lib: this.faulty.lib }, lines),
      lines: interval === undefined ? "" : `encryption_count_persist_interval = "${interval}"\n`,
    });
    await this.#serve(env);
    const init = (await (await this.call("PUT", "sys/init", {})).json()) as { root_token: string };
    this.#token = init.root_token;
    const mounted = await this.call("POST", "sys/mounts/slow", { type: "kv" });
    if (mounted.status !== 204) throw new Error(`no mount was made: ${mounted.status}`);
  }

  /** Starts it again after a stop, with no variables of its own, on an HSM without faults. */
  async restart(): Promise<void> {
    this.faulty.clear();
    await this.#serve({});
    await this.until(/unsealed by/);
  }

  get output(): string {
    return this.#running.output;
  }

  /** Resolves when the output matches. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#running.command.until(pattern);
  }

  /** Ends the server by `signal`, and answers how many milliseconds that took. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    const began = performance.now();
    await this.#running.stop(signal);
    return performance.now() - began;
  }

  /** A request by the root token. */
  call(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.#running.url}/v1/${path}`, {
      method,
      headers: { "X-Vault-Token": this.#token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Puts `number` entries. */
  async puts(number: number): Promise<void> {
    for (let each = 0; each < number; each++) {
      const { status } = await this.call("PUT", `slow/${each}`, { value: "v" });
      if (status !== 204) throw new Error(`the put ${each} was answered by ${status}`);
    }
  }

  async keyStatus(): Promise<{ readonly term: number; readonly encryptions: number }> {
    const { data } = (await (await this.call("GET", "sys/key-status")).json()) as { data: never };
    return data;
  }

  /** What `sys/sealwrap/rewrap` shows. */
  async rewrap(): Promise<object> {
    const { data } = (await (await this.call("GET", "sys/sealwrap/rewrap")).json()) as { data: object };
    return data;
  }

  async saves(): Promise<Saves> {
    const text = await (await this.call("GET", "sys/metrics?format=prometheus")).text();
    const name = "sealwright_encryption_count_persist";
    const read = (series: string): number => Number(new RegExp(`^${name}_${series} (\\S+)$`, "m").exec(text)?.[1]);
    const failures = (reason: string): number => read(`failures_total\\{reason="${reason}"\\}`);
    return {
      ended: read("seconds_count"),
      seconds: read("seconds_sum"),
      failures: { timeout: failures("timeout"), failed: failures("failed"), superseded: failures("superseded") },
    };
  }

  /** The keyring's entry as it stands on disk. */
  async storedKeyring(): Promise<Buffer> {
    const file = JSON.parse(await readFile(this.#work.path("data/core/_keyring"), "utf8")) as { Value: string };
    return Buffer.from(file.Value, "base64");
  }

  /** Ends everything and removes it. */
  async close(): Promise<void> {
    this.faulty.clear();
    await this.#work.close();
    await Promise.all([this.#hsm.stop(), this.faulty.stop()]);
  }

  get #running(): ServerProcess {
    if (this.#server === undefined) throw new Error("the server was not started");
    return this.#server;
  }

  async #serve(env: Readonly<Record<string, string>>): Promise<void> {
    const variables = { ...this.#hsm.env, ...this.faulty.env, HSM_PIN: this.#hsm.pin, ...env };
    this.#server = await this.#work.serve(["-config=server.hcl"], variables);
  }
}
