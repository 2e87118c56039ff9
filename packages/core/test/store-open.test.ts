// SPDX-License-Identifier: Apache-2.0
import { openBarrier, SealedStore, type Storage, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { openStaticSeal } from "./support/seals.ts";
import { fallible, holdable, makeForeign, openLastingStorage, snapshot } from "./support/storages.ts";
import { autoStore, unsealedAuto } from "./support/stores.ts";

const VALUE = Buffer.from("value");

/** The active key's count as it stands in `storage`, read with the keys of `store`, which is open. */
async function savedCount(storage: Storage, rootKey: Parameters<typeof openBarrier>[1]): Promise<bigint> {
  return (await openBarrier(storage, rootKey)).keyring.active.encryptions;
}

describe("an open store", () => {
  it("keeps, lists and deletes entries", async () => {
    const store = await unsealedAuto();
    await store.put("app/db", VALUE);
    await store.put("app/sub/one", new Uint8Array(0));
    expect(await store.list("app/")).toEqual(["db", "sub/"]);
    expect((await store.get("app/sub/one"))!.length).toBe(0);
    await store.delete("app/db");
    await store.delete("app/db");
    expect(await store.get("app/db")).toBeUndefined();
  });

  it.each(["core/keyring", "core/anything", "sealwright/core/seal-configs"])("keeps %s to itself", async (path) => {
    const store = await unsealedAuto();
    await rejectsWithCode(store.put(path, VALUE), "INVALID_REQUEST");
    await rejectsWithCode(store.delete(path), "INVALID_REQUEST");
    expect(store.barrier.keyring.active.term).toBe(1);
  });

  it.each(["", "/", "a/", "../a", "a/_b", "a\n", "a/".repeat(600)])("refuses the path %j", async (path) => {
    const store = await unsealedAuto();
    await rejectsWithCode(store.put(path, VALUE), "STORAGE_PATH");
    await rejectsWithCode(store.delete(path), "STORAGE_PATH");
    await rejectsWithCode(store.get(path), "STORAGE_PATH");
  });

  it("rotates: old data is readable, the new term's count starts with the root key for standbys", async () => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    await store.put("old", VALUE);
    expect(await store.rotate()).toMatchObject({ term: 2, encryptions: 2n });
    await store.put("new", VALUE);
    expect(store.barrier.keyStatus).toMatchObject({ term: 2, encryptions: 3n });
    const next = autoStore(storage, await openStaticSeal());
    await next.unseal();
    expect((await next.get("old"))!.equals(VALUE) && (await next.get("new"))!.equals(VALUE)).toBe(true);
  });

  it("adds one term for each rotation that is asked for at once", async () => {
    const store = await unsealedAuto();
    const all = await Promise.all([store.rotate(), store.rotate(), store.rotate()]);
    expect(all.map(({ term }) => term)).toEqual([2, 3, 4]);
  });

  it("keeps the old key active where the rotation cannot be written", async () => {
    const storage = fallible(openLastingStorage());
    const store = await unsealedAuto(storage);
    const { term, encryptions } = store.barrier.keyStatus;
    storage.full = true;
    const before = await snapshot(storage);
    await rejectsWithCode(store.rotate(), "STORAGE_FAILED");
    expect(await snapshot(storage)).toEqual(before);
    storage.full = false;
    await store.put("a", VALUE);
    expect(store.barrier.keyStatus).toMatchObject({ term, encryptions: encryptions + 1n });
    expect(await store.rotate()).toMatchObject({ term: 2 });
  });

  it("serves puts and gets while a rotation is being written", async () => {
    const storage = holdable(openLastingStorage());
    const store = await unsealedAuto(storage);
    const { arrived, release } = storage.hold();
    const rotation = store.rotate();
    await arrived;
    for (let each = 0; each < 20; each++) await store.put(`during/${each}`, VALUE);
    expect((await store.get("during/7"))!.equals(VALUE)).toBe(true);
    release();
    expect(await rotation).toMatchObject({ term: 2, encryptions: 2n });
    await store.seal();
    await store.unseal();
    expect(await store.list("during/")).toHaveLength(20);
    expect((await store.get("during/19"))!.equals(VALUE)).toBe(true);
  });
});

describe("sealing", () => {
  it("makes every use refuse", async () => {
    const store = await unsealedAuto();
    await store.seal();
    await store.seal();
    for (const use of [
      () => store.get("a"),
      () => store.list(""),
      () => store.put("a", VALUE),
      () => store.put("core/keyring", VALUE),
      () => store.delete("a"),
      () => store.rotate(),
      () => store.barrier,
    ]) {
      await rejectsWithCode(use, "SEALED");
    }
    expect(await store.status()).toMatchObject({ sealed: true, initialized: true });
  });

  it("refuses by rejecting, never by throwing", async () => {
    const store = await unsealedAuto();
    await store.seal();
    const promises = [store.get("a"), store.list(""), store.put("a", VALUE), store.delete("a"), store.rotate()];
    for (const promise of promises) await rejectsWithCode(promise, "SEALED");
  });

  it("locks a barrier that somebody still holds", async () => {
    const store = await unsealedAuto();
    const { barrier } = store;
    await store.seal();
    await rejectsWithCode(barrier.put("a", VALUE), "SEALED");
  });

  it("saves the count exactly", async () => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    const { rootKey } = store.barrier.keyring;
    const start = await savedCount(storage, rootKey);
    for (let each = 0; each < 25; each++) await store.put(`a/${each}`, VALUE);
    expect(await savedCount(storage, rootKey)).toBe(start);
    await store.seal();
    expect(await savedCount(storage, rootKey)).toBe(start + 25n);
    await store.unseal();
    expect(store.barrier.keyStatus.encryptions).toBe(start + 25n);
  });

  it("counts a put that it overtakes", async () => {
    const storage = holdable(openLastingStorage());
    const store = await unsealedAuto(storage);
    const { rootKey } = store.barrier.keyring;
    const start = store.barrier.encryptions;
    const { arrived, release } = storage.hold();
    const put = store.put("late", VALUE);
    await arrived;
    await store.seal();
    release();
    await put;
    expect(await savedCount(storage, rootKey)).toBe(start + 1n);
    await store.unseal();
    expect((await store.get("late"))!.equals(VALUE)).toBe(true);
  });

  it("writes nothing where nothing was encrypted", async () => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    const before = await snapshot(storage);
    await store.seal();
    expect(await snapshot(storage)).toEqual(before);
  });

  it("happens although the count cannot be saved, and says so", async () => {
    const storage = fallible(openLastingStorage());
    const store = await unsealedAuto(storage);
    await store.put("a", VALUE);
    storage.full = true;
    await rejectsWithCode(store.seal(), "STORAGE_FAILED");
    expect(store.sealed).toBe(true);
    await rejectsWithCode(store.get("a"), "SEALED");
  });

  it("waits for a rotation, whose key is then on disk", async () => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    await Promise.all([store.rotate(), store.seal()]);
    await store.unseal();
    expect(store.barrier.keyStatus.term).toBe(2);
  });
});

describe("closing", () => {
  it("seals, saves the count, and closes storage and seal, also where the count cannot be saved", async () => {
    for (const full of [false, true]) {
      const closed: string[] = [];
      const inner = openLastingStorage();
      const storage = fallible({ ...inner, close: async () => void closed.push("storage") });
      const seal = await openStaticSeal();
      const watched = { ...seal, close: async () => void closed.push("seal") };
      const store = new SealedStore({ storage, shares: shamir, seals: soleSeal(watched) });
      await store.initialize({});
      await store.unseal();
      await store.put("a", VALUE);
      storage.full = full;
      if (full) await rejectsWithCode(store.close(), "STORAGE_FAILED");
      else await store.close();
      expect(closed).toEqual(["seal", "storage"]);
      expect(store.sealed).toBe(true);
    }
  });
});

describe("a foreign storage", () => {
  /** What OpenBao would have written: everything but our own tables. */
  async function foreignStorage(): Promise<Storage> {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    await store.put("logical/app", VALUE);
    await store.rotate();
    await store.seal();
    await makeForeign(storage);
    return storage;
  }

  it("opens, is read, and is not written by unsealing, sealing or closing", async () => {
    const storage = await foreignStorage();
    const before = await snapshot(storage);
    const store = autoStore(storage, await openStaticSeal());
    expect((await store.status()).foreign).toBe(true);
    await store.unseal();
    expect(await store.status()).toMatchObject({ foreign: true, sealed: false });
    expect((await store.get("logical/app"))!.equals(VALUE)).toBe(true);
    expect(await store.list("logical/")).toEqual(["app"]);
    await store.seal();
    await store.unseal();
    await store.close();
    expect(await snapshot(storage)).toEqual(before);
  });

  it("refuses every change, through the store and through its barrier, also after a refused put", async () => {
    const storage = await foreignStorage();
    const before = await snapshot(storage);
    const store = autoStore(storage, await openStaticSeal());
    await store.unseal();
    for (const change of [
      () => store.put("logical/app", VALUE),
      () => store.delete("logical/app"),
      () => store.rotate(),
      () => store.barrier.put("sealwright/own", VALUE),
      () => store.barrier.write([{ op: "delete", path: "logical/app" }]),
    ]) {
      await rejectsWithCode(change, "FOREIGN_STORAGE");
    }
    expect(store.barrier.keyStatus.term).toBe(2);
    await store.close();
    expect(await snapshot(storage)).toEqual(before);
  });

  it("is not initialised again", async () => {
    const storage = await foreignStorage();
    await rejectsWithCode(autoStore(storage, await openStaticSeal()).initialize({}), "ALREADY_INITIALIZED");
  });
});

describe("two stores in one process", () => {
  it("know nothing of each other", async () => {
    const [one, two] = [await unsealedAuto(), await unsealedAuto()];
    await one.put("a", Buffer.from("one"));
    await two.put("a", Buffer.from("two"));
    await one.rotate();
    await one.close();
    expect((await two.get("a"))!.toString()).toBe("two");
    expect(two.barrier.keyStatus.term).toBe(1);
  });
});
