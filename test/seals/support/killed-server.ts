// SPDX-License-Identifier: Apache-2.0
/** Servers that are killed in the middle of a change of their seals, and what is left of their storage. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SealedStore } from "@sealwright/core";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import { expect, vi } from "vitest";
import { ServerProcess, Workplace } from "../../support/command.ts";
import { Client, hsmBlock, staticBlock, writeSeals } from "./server.ts";
import { keyFile, type Running } from "./services.ts";
import { type Opens, storeOf } from "./stores.ts";

/** A request that changes the seals or the root key, and who opens the storage before and after it. */
export interface KilledChange {
  /** What is asked of the server before the one that is killed. */
  readonly first?: readonly (readonly [path: string, body: object])[];
  readonly request: readonly [path: string, body: object];
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const BOTH = ["hsm", "spare"];
const ALL = ["hsm", "spare", "third"];
const MIGRATE = ["sys/seals/migrate", { to: "third", accept_weaker: true }] as const;

/** The changes; a third seal is configured besides the two that the storage has. */
export const CHANGES: Readonly<Record<string, KilledChange>> = {
  "adding a seal": {
    request: ["sys/seals/add", { name: "third", accept_weaker: true }],
    before: BOTH,
    after: ALL,
  },
  "removing a seal": {
    request: ["sys/seals/remove", { name: "spare", force: true }],
    before: BOTH,
    after: ["hsm"],
  },
  "a migration": { request: MIGRATE, before: BOTH, after: ALL },
  "finishing a migration": {
    first: [MIGRATE],
    request: ["sys/seals/migrate/finish", { force: true }],
    before: ALL,
    after: ["spare", "third"],
  },
  "a rewrap": { request: ["sys/sealwrap/rewrap", {}], before: BOTH, after: BOTH },
  "a new root key": { request: ["sys/rotate/root", {}], before: BOTH, after: BOTH },
};

/** How many values the storage has. */
const VALUES = 10;

/** A storage of two seals, an HSM and a key file, to be copied for each kill. */
export class KillTemplate {
  readonly #work: Workplace;
  readonly #token: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #seals: readonly Opens[];

  private constructor(work: Workplace, token: string, hsm: Running<SoftHsm>) {
    this.#work = work;
    this.#token = token;
    this.#env = hsm.harness.env;
    this.#seals = [hsm, keyFile("spare", 2), keyFile("third", 3)];
  }

  static async create(hsm: Running<SoftHsm>): Promise<KillTemplate> {
    const work = await Workplace.open();
    try {
      const block = hsmBlock(hsm.harness);
      const server = await work.serve([await writeSeals(work, [block])], hsm.harness.env);
      const init = await new Client(server.url).put("sys/init", { recovery_shares: 3, recovery_threshold: 2 });
      expect(init).toMatchObject({ status: 200 });
      const token = String(init.body.root_token);
      const client = new Client(server.url, token);
      await unsealed(client);
      for (let i = 0; i < VALUES; i++) {
        expect((await client.put(`secret/kept-${i}`, { value: `value ${i}` })).status).toBe(204);
      }
      await writeSeals(work, [block, staticBlock("spare", 2), staticBlock("third", 3)]);
      expect(await client.put("sys/config/reload/seals")).toMatchObject({ status: 200 });
      expect(await client.put("sys/seals/add", { name: "spare", accept_weaker: true })).toMatchObject({ status: 204 });
      await server.stop();
      return new KillTemplate(work, token, hsm);
    } catch (error) {
      await work.close();
      throw error;
    }
  }

  remove(): Promise<void> {
    return this.#work.close();
  }

  /**
   * Kills a server so many milliseconds after `change` was asked of it, not at all unless given, and expects old or new:
   * who opens the rest, with all its values. Answers how long the change had taken when it was over.
   */
  async kill(change: KilledChange, after?: number): Promise<number> {
    const folder = await mkdtemp(this.#work.path("copy-"));
    await cp(this.#work.path("data"), join(folder, "data"), { recursive: true });
    await cp(this.#work.path("server.hcl"), join(folder, "server.hcl"));
    try {
      const { took, log } = await this.#run(folder, change, after);
      const able = await this.#openers(join(folder, "data"));
      const expected = after === undefined ? [change.after] : [change.before, change.after];
      expect(expected, `killed after ${after} ms, having logged:\n${log}`).toContainEqual(able);
      return took;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #run(
    cwd: string,
    { first = [], request }: KilledChange,
    after: number | undefined,
  ): Promise<{ readonly took: number; readonly log: string }> {
    const server = await ServerProcess.start(["-config=server.hcl"], { cwd, env: this.#env });
    try {
      const client = new Client(server.url, this.#token);
      await unsealed(client);
      for (const [path, body] of first) expect(await client.put(path, body)).toMatchObject({ status: 204 });
      const began = performance.now();
      const [path, body] = request;
      const answer = client.put(path, body).catch(() => undefined);
      if (after === undefined) expect(await answer).toMatchObject({ status: 204 });
      else await new Promise((resolve) => setTimeout(resolve, after));
      return { took: performance.now() - began, log: server.output };
    } finally {
      await server.stop("SIGKILL");
    }
  }

  /** The names of the seals that open what is left, each alone, and read every value. */
  async #openers(path: string): Promise<string[]> {
    const able: string[] = [];
    for (const seal of this.#seals) {
      const { store } = await storeOf([seal], { storage: await openLmdbStorage({ path }) });
      try {
        await store.unseal();
        expect(await valuesIn(store, "")).toBe(VALUES);
        able.push(seal.name);
      } catch (error) {
        if (!isRefusal(error)) throw error;
      } finally {
        await store.close();
      }
    }
    return able;
  }
}

function isRefusal(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "WRONG_SEAL" || code === "SEAL_KEY_MISSING" || code === "STORAGE_INCOMPLETE";
}

async function unsealed(client: Client): Promise<void> {
  await vi.waitFor(async () => expect((await client.get("sys/seal-status")).body.sealed).toBe(false), {
    timeout: 15_000,
    interval: 20,
  });
}

/** How many of the values are below `prefix`; all entries there are opened. */
async function valuesIn(store: SealedStore, prefix: string): Promise<number> {
  let found = 0;
  for (const name of await store.list(prefix)) {
    if (name.endsWith("/")) found += await valuesIn(store, prefix + name);
    else if (/kept-\d+$/.test(name)) found += Number((await store.get(prefix + name))?.includes('"value ') ?? false);
  }
  return found;
}
