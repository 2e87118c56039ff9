// SPDX-License-Identifier: Apache-2.0
/** A server that its seal's service unseals, in a process of its own, and its operator. */
import { expect } from "vitest";
import type { Finished, ServerProcess, Workplace } from "../support/command.ts";

/** An answer of the server's. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What an initialisation gives, as far as it is needed. */
export interface InitOutput {
  readonly root_token: string;
  readonly recovery_keys_b64: readonly string[];
}

const NEW_SHARES = { secret_shares: 1, secret_threshold: 1 };
const NEW_ROOT = { secret_shares: 1, secret_threshold: 1, stored_shares: 1 };

/** The server of a workplace's `server.hcl`. Started with {@link start}. */
export class AutoUnsealed {
  readonly place: Workplace;
  /** What the server is started with; looked at at each start. */
  env: Readonly<Record<string, string>> = {};
  /** What requests and commands are authorised by. */
  token = "";
  recoveryKeys: readonly string[] = [];
  /** All that the servers wrote which were stopped. */
  logs = "";
  #server: ServerProcess | undefined;

  constructor(place: Workplace) {
    this.place = place;
  }

  get #running(): ServerProcess {
    if (this.#server === undefined) throw new Error("the server was not started");
    return this.#server;
  }

  /** Starts it and resolves when it listens, sealed or not. */
  async start(): Promise<void> {
    this.#server = await this.place.serve(["-config=server.hcl"], this.env);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    const { stdout, stderr } = await this.#running.stop();
    this.logs += stdout + stderr;
  }

  /** Resolves when this process has written what matches `pattern`. */
  async says(pattern: RegExp): Promise<void> {
    await this.#running.command.until(pattern);
  }

  /** Resolves when this process is unsealed. */
  unsealed(): Promise<void> {
    return this.says(/unsealed by the auto seal/);
  }

  /** Ends it, starts it again, and resolves when it is unsealed. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
    await this.unsealed();
  }

  /** Runs a command against it. */
  command(args: readonly string[]): Promise<Finished> {
    return this.place.run(args, { VAULT_ADDR: this.#running.url, VAULT_TOKEN: this.token });
  }

  /** Sends it a request. */
  async ask(method: string, path: string, input?: object): Promise<Answer> {
    const answer = await fetch(`${this.#running.url}/v1/${path}`, {
      method,
      headers: { "X-Vault-Token": this.token },
      ...(input === undefined ? {} : { body: JSON.stringify(input) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  /** What it answers of its seal, of which anybody may ask. */
  async status(): Promise<Answer["body"]> {
    return (await this.ask("GET", "sys/seal-status")).body;
  }

  /** Initialises it. */
  async init(): Promise<void> {
    const { code, stdout } = await this.command(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    const { root_token, recovery_keys_b64 } = JSON.parse(stdout) as InitOutput;
    [this.token, this.recoveryKeys] = [root_token, recovery_keys_b64];
  }

  /** Stores an entry, or reads what is stored in it. */
  async write(path: string, value: string): Promise<void> {
    expect(await this.command(["kv", "put", path, `value=${value}`])).toMatchObject({ code: 0 });
  }

  async read(path: string): Promise<string> {
    return (await this.command(["kv", "get", "-field=value", path])).stdout.trim();
  }

  /** A rewrap that is asked for ends well, and log and metrics say that it moved the root key and the recovery key. */
  async expectRewrapped(): Promise<void> {
    expect((await this.ask("POST", "sys/sealwrap/rewrap")).status).toBe(204);
    await this.says(/rewrapped the entries .*succeeded=2 failed=0/);
    for (const path of ["core/hsm/barrier-unseal-keys", "core/recovery-key"]) {
      await this.says(new RegExp(`${path} is under a newer key of its seal now: seal=\\S+ from=\\S+ to=\\S+`));
    }
    const { Counters } = (await this.ask("GET", "sys/metrics")).body as {
      readonly Counters: readonly { readonly Name: string; readonly Count: number }[];
    };
    expect(Counters.find(({ Name }) => Name === "sealwright.root_key_rewraps_total")?.Count).toBe(2);
  }

  /** The value of a gauge of the seal's; undefined where it is not given. */
  async sealGauge(name: string): Promise<number | undefined> {
    const { body } = await this.ask("GET", "sys/metrics");
    const { Gauges } = body as { Gauges: readonly { Name: string; Value: number }[] };
    return Gauges.find(({ Name }) => Name === name)?.Value;
  }

  /** What changes keys is 503 with `reason`, and nothing has changed: data key, root key, recovery keys. */
  async expectNoChange(reason: string): Promise<void> {
    const refused = ({ status, body }: Answer): void =>
      expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining(reason)]);
    const [before, numbers] = [(await this.ask("GET", "sys/key-status")).body, await this.status()];
    refused(await this.ask("PUT", "sys/rotate"));
    refused(await this.ask("PUT", "sys/rotate/root"));
    refused(await this.#rekey("sys/rekey", NEW_ROOT));
    refused(await this.#rekey("sys/rekey-recovery-key", NEW_SHARES));
    expect((await this.ask("GET", "sys/key-status")).body.term).toBe(before.term);
    expect(await this.status()).toMatchObject({ sealed: false, n: numbers.n, t: numbers.t });
  }

  /** The answer to the last share of a rekey, which is cancelled then. */
  async #rekey(ceremony: string, order: object): Promise<Answer> {
    const { nonce } = (await this.ask("PUT", `${ceremony}/init`, order)).body;
    const { t } = await this.status();
    const answers: Answer[] = [];
    for (const key of this.recoveryKeys.slice(0, Number(t))) {
      answers.push(await this.ask("PUT", `${ceremony}/update`, { nonce, key }));
    }
    await this.ask("DELETE", `${ceremony}/init`, { nonce });
    const last = answers.pop();
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    if (last === undefined) throw new Error("there is no recovery key");
    return last;
  }

  /** `sys/seal-backend-status` says that the seal is healthy, or is not, and the metrics say the same. */
  async expectHealth(healthy: boolean): Promise<void> {
    const { body } = await this.ask("GET", "sys/seal-backend-status");
    expect(body).toMatchObject({ healthy, backends: [{ healthy }] });
    expect("unhealthy_since" in body).toBe(!healthy);
    const away = await this.sealGauge("vault.seal.unreachable.time");
    if (healthy) expect(away).toBe(0);
    else expect(away).toBeGreaterThan(0);
  }
}
