// SPDX-License-Identifier: Apache-2.0
/** Whatever is done and wherever the process ends, the count read back is right, or too high by no more than a block. */
import { KeyObject } from "node:crypto";
import { configureRotation, paths, type SealedStore, type Storage } from "@sealwright/core";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { noteEncryption, reallyMade } from "../support/encryptions.ts";
import { openStaticSeal } from "../support/seals.ts";
import { delegate, openLastingStorage } from "../support/storages.ts";
import { autoStore } from "../support/stores.ts";

vi.mock("@sealwright/seal", async (original) => {
  const seal = await original<typeof import("@sealwright/seal")>();
  const encrypt: typeof seal.encrypt = (key, plaintext, aad) => {
    if (key instanceof KeyObject) noteEncryption(key, aad);
    return seal.encrypt(key, plaintext, aad);
  };
  return { ...seal, encrypt };
});

const MAX_OPERATIONS = 1_000_000n;
const BLOCK = MAX_OPERATIONS / 256n;

class Killed extends Error {}

/** `storage` of a process that ends at one of its next batches, which gets through or not. */
class Mortal {
  readonly storage: Storage;
  #left = Number.POSITIVE_INFINITY;
  #lastGetsThrough = false;

  constructor(inner: Storage) {
    this.storage = {
      ...delegate(inner),
      write: async (batch) => {
        if (this.#left < 0) throw new Killed();
        if (this.#left-- > 0) return inner.write(batch);
        if (this.#lastGetsThrough) await inner.write(batch);
        throw new Killed();
      },
    };
  }

  killAfter(batches: number, lastGetsThrough: boolean): void {
    this.#left = batches;
    this.#lastGetsThrough = lastGetsThrough;
  }
}

type Command =
  | { readonly do: "put"; readonly entries: number; readonly together: number }
  | { readonly do: "token" | "rotate" | "restart" }
  | { readonly do: "kill"; readonly after: number; readonly lastGetsThrough: boolean };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      entries: fc.integer({ min: 1, max: 700 }),
      together: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("token" as const, "rotate" as const, "restart" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("kill" as const),
      after: fc.integer({ min: 0, max: 4 }),
      lastGetsThrough: fc.boolean(),
    }),
  },
);

const VALUE = Buffer.from("v");

async function perform(store: SealedStore, it: Command): Promise<void> {
  if (it.do === "rotate") await store.rotate();
  else if (it.do === "token") await store.barrier.encrypt("token", VALUE);
  else if (it.do === "put") {
    const batch = Array.from({ length: it.entries }, (_, index) => ({
      op: "put" as const,
      path: `a/${index}`,
      value: VALUE,
    }));
    await Promise.all(Array.from({ length: it.together }, () => store.barrier.write(batch)));
  }
}

async function start(storage: Storage): Promise<SealedStore> {
  const store = autoStore(storage, await openStaticSeal());
  await store.unseal();
  return store;
}

/** How far the count is above what was done: by earlier kills. */
function surplusOf(store: SealedStore): bigint {
  return store.barrier.encryptions - reallyMade(store);
}

/** Ends the process that `store` is of and starts another, which may end while it starts. */
async function afterDeath(disk: Storage): Promise<{ store: SealedStore; mortal: Mortal }> {
  const mortal = new Mortal(disk);
  return { store: await start(mortal.storage), mortal };
}

it("reads back no fewer encryptions than were made, and a kill adds no more than a block", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 3, maxLength: 14 }), async (commands) => {
      const disk = openLastingStorage();
      await autoStore(disk, await openStaticSeal()).initialize({});
      let { store, mortal } = await afterDeath(disk);
      await configureRotation(store, { maxOperations: MAX_OPERATIONS });
      for (const each of [...commands, { do: "restart" } as const]) {
        let mayAdd = 0n;
        const before = { term: store.barrier.keyStatus.term, surplus: surplusOf(store) };
        try {
          if (each.do === "kill") mortal.killAfter(each.after, each.lastGetsThrough);
          else if (each.do !== "restart") await perform(store, each);
          else {
            await store.seal();
            ({ store, mortal } = await afterDeath(disk));
          }
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          // What was on its way in other batches has ended too.
          await new Promise(setImmediate);
          ({ store, mortal } = await afterDeath(disk));
          mayAdd = BLOCK;
        }
        const earlier = store.barrier.keyStatus.term === before.term ? before.surplus : 0n;
        expect(surplusOf(store)).toBeGreaterThanOrEqual(earlier);
        expect(surplusOf(store)).toBeLessThanOrEqual(earlier + mayAdd);
        expect(await disk.get(paths.ENCRYPTION_COUNT)).toBeDefined();
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});
