// SPDX-License-Identifier: Apache-2.0
/** The ceiling on disk: raised at the half in a put's own batch, waited for only where no room is left. */
import { configureRotation, paths, type SealedStore, type Storage } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { openStaticSeal } from "../support/seals.ts";
import { alter, delegate, fallible, flipBit, openLastingStorage } from "../support/storages.ts";
import { autoStore, unsealedAuto } from "../support/stores.ts";

const VALUE = Buffer.from("v");
const MAX_OPERATIONS = 1_000_000n;
const BLOCK = Number(MAX_OPERATIONS / 256n);

/** A storage that keeps the batches it is given, and holds those with a ceiling while asked to. */
function watched(inner: Storage = openLastingStorage()) {
  const batches: string[][] = [];
  let gate: Promise<void> | undefined;
  const storage: Storage = {
    ...delegate(inner),
    async write(batch) {
      const puts = batch.filter(({ op }) => op === "put").map(({ path }) => path);
      batches.push(puts);
      if (puts.includes(paths.ENCRYPTION_COUNT)) await gate;
      await inner.write(batch);
    },
  };
  const raises = () => batches.filter((puts) => puts.includes(paths.ENCRYPTION_COUNT));
  return {
    storage,
    raises,
    holdRaises() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = undefined;
        resolve();
      };
    },
  };
}

/** An open store with small blocks, its ceiling just raised. */
async function withSmallBlocks(storage: Storage): Promise<SealedStore> {
  const store = await unsealedAuto(storage);
  await configureRotation(store, { maxOperations: MAX_OPERATIONS });
  return store;
}

async function putMany(store: SealedStore, number: number): Promise<void> {
  for (let each = 0; each < number; each++) await store.put("a", VALUE);
}

describe("the ceiling", () => {
  it("goes with one put's batch per half block, and with no other", async () => {
    const { storage, raises } = watched();
    const store = await withSmallBlocks(storage);
    const before = raises().length;
    await putMany(store, 4 * BLOCK);
    const added = raises().slice(before);
    expect(added.length).toBeGreaterThanOrEqual(7);
    expect(added.length).toBeLessThanOrEqual(9);
    for (const puts of added) expect(puts).toEqual(["a", paths.ENCRYPTION_COUNT]);
  });

  it("is raised once where many puts cross the half together, and keeps none of the others waiting", async () => {
    const { storage, raises, holdRaises } = watched();
    const store = await withSmallBlocks(storage);
    await putMany(store, BLOCK / 2 - 10);
    const before = raises().length;
    const release = holdRaises();
    const done: number[] = [];
    const all = Array.from({ length: 100 }, (_, index) => store.put(`b/${index}`, VALUE).then(() => done.push(index)));
    await expect.poll(() => done.length).toBe(99);
    expect(raises().length).toBe(before + 1);
    release();
    await Promise.all(all);
    expect(raises().length).toBe(before + 1);
  });

  it("makes puts wait for its batch alone where no room is left, and lets none past it", async () => {
    const { storage, holdRaises } = watched();
    const store = await withSmallBlocks(storage);
    const ceiling = store.barrier.encryptions + BigInt(BLOCK);
    const release = holdRaises();
    let done = 0;
    const all = Array.from({ length: BLOCK + 500 }, () => store.put("a", VALUE).then(() => done++));
    // Nothing moves any more: between two looks none was let past.
    let before = -1;
    const stands = (): boolean => {
      const same = done === before;
      before = done;
      return same && done > BLOCK - 100;
    };
    await expect.poll(stands).toBe(true);
    expect(done).toBeLessThan(BLOCK);
    expect(store.barrier.encryptions).toBeLessThanOrEqual(ceiling);
    release();
    await Promise.all(all);
    expect(done).toBe(BLOCK + 500);
  });

  it("lets nothing be encrypted once the store is sealed, not even what waits for room with a keyring", async () => {
    const { storage, holdRaises } = watched();
    const { barrier } = await withSmallBlocks(storage);
    const key = barrier.keyFor(barrier.keyring);
    const release = holdRaises();
    const puts = Promise.allSettled(Array.from({ length: BLOCK + 10 }, () => barrier.put("a", VALUE)));
    const waiting = rejectsWithCode(barrier.encryptFor(key, [{ op: "put", path: "b", value: VALUE }]), "SEALED");
    const last = barrier.lock();
    release();
    await Promise.all([waiting, puts]);
    expect(key.total).toBe(last?.keyring.active.encryptions);
  });

  it("takes a batch that is larger than a block", async () => {
    const store = await withSmallBlocks(openLastingStorage());
    const start = store.barrier.encryptions;
    const batch = Array.from({ length: 2 * BLOCK }, () => ({ op: "put" as const, path: "a", value: VALUE }));
    await store.barrier.write(batch);
    expect(store.barrier.encryptions - start).toBeGreaterThanOrEqual(BigInt(2 * BLOCK));
  });

  it("is tried again with the next put where its batch was refused, without another encryption", async () => {
    const storage = fallible(openLastingStorage());
    const store = await withSmallBlocks(storage);
    await putMany(store, Math.ceil(BLOCK / 2) + 1);
    const { encryptions } = store.barrier;
    await putMany(store, Math.ceil(BLOCK / 2));
    const start = store.barrier.encryptions;
    expect(start).toBeGreaterThan(encryptions);
    storage.full = true;
    for (let each = 0; each < 50; each++) await rejectsWithCode(store.put("a", VALUE), "STORAGE_FAILED");
    // One encryption each, and one for the ceiling at most.
    expect(store.barrier.encryptions - start).toBeLessThanOrEqual(51n);
    storage.full = false;
    await putMany(store, BLOCK);
  });

  it("stops encryptions, rather than let them go on uncovered, while the disk stays full", async () => {
    const storage = fallible(openLastingStorage());
    const store = await withSmallBlocks(storage);
    const ceiling = store.barrier.encryptions + BigInt(BLOCK);
    storage.full = true;
    for (let each = 0; each < BLOCK + 200; each++) await rejectsWithCode(store.put("a", VALUE), "STORAGE_FAILED");
    expect(store.barrier.encryptions).toBeLessThanOrEqual(ceiling);
    storage.full = false;
    await putMany(store, 10);
  });

  it("is raised beside tokens too, which no batch follows", async () => {
    const { storage, raises } = watched();
    const store = await withSmallBlocks(storage);
    const before = raises().length;
    for (let each = 0; each < 2 * BLOCK; each++) await store.barrier.encrypt("token", VALUE);
    expect(raises().slice(before).length).toBeGreaterThanOrEqual(3);
    for (const puts of raises().slice(before)) expect(puts).toEqual([paths.ENCRYPTION_COUNT]);
  });

  it("is lowered with max_operations, so that a kill does not add a block of the old size", async () => {
    const storage = openLastingStorage();
    const store = await withSmallBlocks(storage);
    const { encryptions } = store.barrier;
    const next = autoStore(storage, await openStaticSeal());
    await next.unseal();
    expect(next.barrier.encryptions - encryptions).toBeLessThanOrEqual(BigInt(BLOCK) + 1n);
  });

  it("is never seal-wrapped or plain: it opens at its path under the data key, and nowhere else", async () => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    const json = JSON.parse((await store.barrier.get(paths.ENCRYPTION_COUNT))!.toString()) as object;
    expect(json).toEqual({ term: 1, ceiling: expect.any(Number) });
    await storage.write([{ op: "put", path: "a", value: (await storage.get(paths.ENCRYPTION_COUNT))! }]);
    await rejectsWithCode(store.get("a"), "ENTRY_CORRUPT");
  });
});

describe("opening a storage", () => {
  it("goes on from the ceiling where the process was killed, and from the exact count where it stopped", async () => {
    const storage = openLastingStorage();
    const killed = await withSmallBlocks(storage);
    await putMany(killed, 100);
    const { encryptions } = killed.barrier;
    const next = autoStore(storage, await openStaticSeal());
    await next.unseal();
    expect(next.barrier.encryptions).toBeGreaterThanOrEqual(encryptions);
    expect(next.barrier.encryptions).toBeLessThanOrEqual(encryptions + BigInt(BLOCK) + 1n);
    const live = next.barrier.encryptions;
    await next.seal();
    expect(await storage.get(paths.ENCRYPTION_COUNT)).toBeUndefined();
    await next.unseal();
    expect(next.barrier.encryptions).toBe(live);
  });

  it("takes no ceiling of another term for its own", async () => {
    const storage = openLastingStorage();
    const store = await withSmallBlocks(storage);
    const old = (await storage.get(paths.ENCRYPTION_COUNT))!;
    await store.rotate();
    await store.seal();
    await storage.write([{ op: "put", path: paths.ENCRYPTION_COUNT, value: old }]);
    await store.unseal();
    // The root key for standbys, the first ceiling, and the one that replaces what was found.
    expect(store.barrier.encryptions).toBeLessThanOrEqual(3n);
  });

  it.each([paths.ENCRYPTION_COUNT, paths.ENCRYPTION_COUNT_ASIDE])("refuses an altered %s", async (path) => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    if (path === paths.ENCRYPTION_COUNT_ASIDE) await store.seal();
    await alter(storage, path, (entry) => flipBit(entry, 8 * entry.length - 1));
    await rejectsWithCode(autoStore(storage, await openStaticSeal()).unseal(), "ENTRY_CORRUPT");
  });

  it("works on a full disk, for reading; puts say what is wrong", async () => {
    const storage = fallible(openLastingStorage());
    const store = await unsealedAuto(storage);
    await store.put("a", VALUE);
    await store.seal();
    storage.full = true;
    await store.unseal();
    expect((await store.get("a"))!.equals(VALUE)).toBe(true);
    await rejectsWithCode(store.put("b", VALUE), "STORAGE_FAILED");
    storage.full = false;
    await store.put("b", VALUE);
  });
});
