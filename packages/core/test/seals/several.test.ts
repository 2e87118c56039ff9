// SPDX-License-Identifier: Apache-2.0
/** Several seals: any one opens the storage, and what each holds is told. */
import { createSecretKey } from "node:crypto";
import { openBarrier, paths, rotateRootKey, SealedStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { alter, snapshot } from "../support/storages.ts";
import { json, Kms, openedOf, opens, outstandingIn, rootKeyOf, storeOf, TWO_OF_THREE } from "./support.ts";

const [a, b, c] = ["a", "b", "c"] as const;
const three = () => [new Kms(a), new Kms(b), new Kms(c)] as const;

describe("initialising with several seals", () => {
  it("gives each of them the root key, and any one opens the storage alone", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    for (const each of kms) expect(await opens(storage, each)).toBe(true);
    expect(await json(storage, paths.SEAL_RECORD)).toEqual({
      generation: 1,
      first: "a",
      members: ["a", "b", "c"].map((name) => ({ name, type: "static", kind: "auto" })),
    });
  });

  it("writes the best one's blobs as OpenBao reads them, and not in a record's form", async () => {
    const [first, ...others] = three();
    const { storage } = await openedOf([first, ...others]);
    for (const path of [paths.STORED_KEYS, paths.RECOVERY_KEY]) {
      expect(decodeBlob((await storage.get(path))!).keyInfo?.keyId).toBe("a");
    }
    expect(await storage.get(rootKeyOf("a"))).toBeUndefined();
    expect(await json(storage, paths.SEAL_CONFIG)).toMatchObject({ type: "static", secret_shares: 1 });
  });

  it("is opened by who knows nothing of several seals and has the best one, after every change", async () => {
    const kms = three();
    const it = await openedOf(kms);
    const changes = [
      () => rotateRootKey(it.store),
      () => it.store.rotate(),
      () => it.store.seals.migrate("b"),
      () => it.store.seals.finishMigration(),
      () => it.store.seals.remove("c"),
    ];
    for (const [index, change] of [async () => {}, ...changes].entries()) {
      await change();
      const { seal } = await kms[index < 3 ? 0 : 1].attached();
      const text = Buffer.from(await seal.unwrap(decodeBlob((await it.storage.get(paths.STORED_KEYS))!))).toString();
      const [rootKey = ""] = JSON.parse(text) as string[];
      const barrier = await openBarrier(it.storage, createSecretKey(rootKey, "base64"));
      expect((await barrier.get("kept"))?.toString()).toBe("value");
      expect(await json(it.storage, paths.SEAL_CONFIG)).toMatchObject({ type: "static" });
    }
  });

  it("leaves nothing where one of them is down", async () => {
    const kms = three();
    kms[2].mood = "down";
    const { store, storage } = await storeOf(kms);
    await rejectsWithCode(store.initialize({ recovery: TWO_OF_THREE }), "SEAL_UNAVAILABLE");
    expect(await storage.list("")).toEqual([]);
  });

  it("keeps no record where there is one", async () => {
    const { storage } = await openedOf([new Kms(a)]);
    const all = Object.keys(await snapshot(storage)).filter((path) => path.startsWith(paths.OURS));
    expect(all).toEqual([paths.SEAL_CONFIG_COPY]);
  });

  it.each(["", "-a", "a/b", "_a", "ä", "a".repeat(33)])("refuses a seal called %j", async (name) => {
    const seals = [await new Kms(a).attached(1, { name })];
    expect(() => new SealedStore({ storage: {} as never, shares: shamir, seals })).toThrow(/cannot be called/);
  });

  it("refuses two seals of one name", async () => {
    const seals = [await new Kms(a).attached(), await new Kms(a).attached()];
    expect(() => new SealedStore({ storage: {} as never, shares: shamir, seals })).toThrow(/two seals are called a/);
  });
});

describe("unsealing by several seals", () => {
  it("asks the best first, and nobody else where it answers at once", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    for (const each of kms) each.calls = 0;
    const { store } = await storeOf(kms, { storage, headStartMilliseconds: 5_000 });
    await store.unseal();
    expect(kms.map(({ calls }) => calls)).toEqual([1, 0, 0]);
  });

  it("gives the others a head start behind one that hangs, and abandons it once one has answered", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    kms[0].mood = "hanging";
    const { store, told } = await storeOf(kms, { storage, headStartMilliseconds: 5 });
    await store.unseal();
    expect(store.sealed).toBe(false);
    expect(kms[0].aborted).toBe(1);
    expect(told.doubted).toEqual([]);
  });

  it("goes to the next at once where one fails", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    kms[0].mood = "down";
    const { store } = await storeOf(kms, { storage, headStartMilliseconds: 60_000 });
    await store.unseal();
    expect(store.sealed).toBe(false);
  });

  it("says of each why none opens it, and writes nothing", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    const before = await snapshot(storage);
    for (const each of kms) each.mood = "down";
    const { store } = await storeOf(kms, { storage });
    const error = await rejectsWithCode(store.unseal(), "NO_SEAL_ANSWERS");
    expect(error.message).toMatch(/a: a is down; b: b is down; c: c is down/);
    expect(await snapshot(storage)).toEqual(before);
  });

  it("asks one that is known to be down last", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    kms[0].mood = "hanging";
    const { store } = await storeOf(kms, { storage, headStartMilliseconds: 60_000 });
    store.seals.markDown("a", new Error("no answer"));
    await store.unseal();
    expect(kms[0].aborted).toBe(0);
  });

  it("goes on without one that lies, which is in doubt until it has proved itself", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    kms[0].mood = "lying";
    const { store, told } = await storeOf(kms, { storage });
    await store.unseal();
    expect(told.doubted).toEqual(["a"]);
    await store.seals.deliverOutstanding();
    expect((await store.seals.holdings())[0]).toMatchObject({ name: "a", upToDate: false });
    kms[0].mood = "up";
    await store.seals.deliverOutstanding();
    expect((await store.seals.holdings())[0]).toMatchObject({ name: "a", upToDate: true });
  });

  it("goes on without one that has another key of that name, and does not ask it again while it is in doubt", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    const other = new Kms("a", "other");
    const { store, told } = await storeOf([other, kms[1], kms[2]], { storage });
    await store.unseal();
    await store.seal();
    await store.unseal();
    await store.seals.deliverOutstanding();
    expect(told.doubted).toEqual(["a"]);
    expect(await opens(storage, other)).toBe(false);
    expect(await opens(storage, kms[0])).toBe(true);
  });

  it("gives a seal nothing that was away at a new root key and comes back with another key", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[1].mood = "down";
    await rotateRootKey(it.store);
    const other = new Kms("b", "other");
    it.store.seals.attach(await other.attached(2));
    await it.store.seals.deliverOutstanding();
    expect(it.told.doubted).toEqual(["b"]);
    expect(await outstandingIn(it)).toEqual([`b ${rootKeyOf("b")}`]);
    expect(await opens(it.storage, other)).toBe(false);
  });

  it("does not take what was wrapped for another seal, whoever put it there", async () => {
    const kms = [new Kms(a), new Kms("b", "same"), new Kms("c", "same")];
    const { storage } = await openedOf(kms);
    const foreign = (await storage.get(rootKeyOf("b")))!;
    await alter(storage, rootKeyOf("c"), () => foreign);
    const { store } = await storeOf([kms[2]!], { storage });
    await rejectsWithCode(store.unseal(), "SEAL_KEY_MISSING");
    // The key's name is that of b: opened by it, the binding inside is what refuses.
    const renamed = await kms[1]!.attached(1, { name: "c" });
    const again = new SealedStore({ storage, shares: shamir, seals: [renamed] });
    expect((await rejectsWithCode(again.unseal(), "ENTRY_CORRUPT")).message).toMatch(/wrapped for another seal/);
  });

  it("takes no root key of an earlier number for the present one", async () => {
    const kms = three();
    const it = await openedOf(kms);
    const old = (await it.storage.get(rootKeyOf("b")))!;
    await rotateRootKey(it.store);
    await alter(it.storage, rootKeyOf("b"), () => old);
    const { store } = await storeOf([kms[1]], { storage: it.storage });
    const error = await rejectsWithCode(store.unseal(), "ENTRY_CORRUPT");
    expect(error.message).toMatch(/number 1 where the storage has number 2/);
  });

  it("names the seals of the storage where none of them is configured", async () => {
    const { storage } = await openedOf(three());
    const { store } = await storeOf([new Kms("d")], { storage });
    expect((await rejectsWithCode(store.unseal(), "WRONG_SEAL")).message).toMatch(/a \(static\), b \(static\), c/);
  });
});

describe("what seals hold", () => {
  it("is told of each, with the key that wrapped it, sealed or not", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[2].mood = "down";
    await rotateRootKey(it.store);
    await it.store.seal();
    expect(await it.store.seals.holdings()).toMatchObject([
      { name: "a", first: true, priority: 1, state: "enabled", upToDate: true, generation: 2 },
      { name: "b", first: false, wrapped: [{ path: rootKeyOf("b"), keyId: "b" }], upToDate: true },
      { name: "c", upToDate: false, outstanding: [{ path: rootKeyOf("c"), generation: 2 }] },
    ]);
  });

  it("is told of one that is configured and new, and of one that is not configured", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    const { store } = await storeOf([kms[0], new Kms("d")], { storage });
    const holdings = await store.seals.holdings();
    expect(holdings.map(({ name, state }) => [name, state])).toEqual([
      ["a", "enabled"],
      ["b", "absent"],
      ["c", "absent"],
      ["d", "new"],
    ]);
  });

  it("shows that somebody changed the plain record, which does not count", async () => {
    const kms = three();
    const it = await openedOf(kms);
    await alter(it.storage, paths.SEAL_RECORD, (value) => Buffer.from(value.toString().replace('"c"', '"x"')));
    expect((await it.store.status()).sealConfigsAltered).toBe(true);
    await rotateRootKey(it.store);
    expect((await it.store.status()).sealConfigsAltered).toBe(false);
    expect(await opens(it.storage, kms[2])).toBe(true);
  });
});
