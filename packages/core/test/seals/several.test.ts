// SPDX-License-Identifier: Apache-2.0
/** Several seals: any one opens the storage, and what one misses it gets later. */
import { createSecretKey } from "node:crypto";
import {
  barrierTarget,
  decodeWrapped,
  openBarrier,
  paths,
  proveQuorum,
  Rekey,
  recoveryTarget,
  rotateRootKey,
  SealedStore,
  sealLayer,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { bytes, hexRequest, rekeyed } from "../rekey/support.ts";
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

describe("a new root key", () => {
  it("reaches those that answer; the other is listed without a key, and gets it when it is back", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[1].mood = "down";
    await rotateRootKey(it.store);
    expect(await outstandingIn(it)).toEqual([`b ${rootKeyOf("b")}`]);
    expect(await json(it.storage, `${paths.OUTSTANDING}b/${rootKeyOf("b")}`)).toEqual({
      seal: "b",
      path: rootKeyOf("b"),
      generation: 2,
    });
    kms[1].mood = "up";
    expect(await opens(it.storage, kms[1])).toBe(false);
    await it.store.seals.deliverOutstanding();
    expect(await outstandingIn(it)).toEqual([]);
    expect(it.told.delivered).toEqual([`b ${rootKeyOf("b")}`]);
    for (const each of kms) expect(await opens(it.storage, each)).toBe(true);
  });

  it("is given after the next unseal to a seal that was down over a restart", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[0].mood = "down";
    await rotateRootKey(it.store);
    await it.store.close();
    kms[0].mood = "up";
    const { store, told } = await storeOf(kms, { storage: it.storage });
    await store.unseal();
    expect(told.doubted).toEqual(["a"]);
    await store.seals.deliverOutstanding();
    expect(await opens(it.storage, kms[0])).toBe(true);
  });

  it("waits for nobody who hangs longer than the deadline", async () => {
    const kms = three();
    const it = await openedOf(kms, { sealDeadlineMilliseconds: 30 });
    kms[2].mood = "hanging";
    await rotateRootKey(it.store);
    expect(await outstandingIn(it)).toEqual([`c ${rootKeyOf("c")}`]);
  });

  it("does not ask a seal that is known to be down", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[2].mood = "hanging";
    it.store.seals.markDown("c", new Error("down"));
    kms[2].calls = 0;
    await rotateRootKey(it.store);
    expect(kms[2].calls).toBe(0);
  });

  it("is refused where it would reach one of several only, unless that is accepted", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[0].mood = "down";
    kms[2].mood = "down";
    const before = await snapshot(it.storage);
    await rejectsWithCode(rotateRootKey(it.store), "FORCE_NEEDED");
    expect(await snapshot(it.storage)).toEqual(before);
    await rotateRootKey(it.store, undefined, "accept");
    expect(await outstandingIn(it)).toEqual([`a ${paths.STORED_KEYS}`, `c ${rootKeyOf("c")}`]);
    expect(await opens(it.storage, kms[1])).toBe(true);
  });

  it("is refused with everybody's reason where none answers", async () => {
    const kms = three();
    const it = await openedOf(kms);
    for (const each of kms) each.mood = "down";
    const before = await snapshot(it.storage);
    await rejectsWithCode(rotateRootKey(it.store, undefined, "accept"), "NO_SEAL_ANSWERS");
    expect(await snapshot(it.storage)).toEqual(before);
    expect((await it.store.get("kept"))?.toString()).toBe("value");
  });

  it("does not reach a seal that lies at its proof", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[1].mood = "lying";
    await rotateRootKey(it.store);
    expect(await outstandingIn(it)).toEqual([`b ${rootKeyOf("b")}`]);
    await it.store.seals.deliverOutstanding();
    expect(await outstandingIn(it)).toEqual([`b ${rootKeyOf("b")}`]);
  });

  it("reaches no seal that is disabled, which opens what it holds until then", async () => {
    const kms = three();
    const { storage } = await openedOf(kms);
    const seals = [await kms[0].attached(1), await kms[1].attached(2), await kms[2].attached(3, { state: "disabled" })];
    const store = new SealedStore({ storage, shares: shamir, seals });
    await store.unseal();
    await rotateRootKey(store);
    expect((await store.seals.holdings()).map(({ upToDate }) => upToDate)).toEqual([true, true, false]);
    await store.close();
    expect(await opens(storage, kms[2])).toBe(false);
    expect(await opens(storage, kms[1])).toBe(true);
    const enabled = await storeOf(kms, { storage });
    await enabled.store.unseal();
    await enabled.store.seals.deliverOutstanding();
    expect(await opens(storage, kms[2])).toBe(true);
  });
});

describe("the recovery quorum of a store with several seals", () => {
  it("is proved while the seal that keeps its key is down, open or sealed", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[0].mood = "down";
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    await it.store.seal();
    for (const share of it.shares.slice(0, 2)) await it.store.submitShare(share);
    expect(it.store.sealed).toBe(false);
  });

  it("is not proved by other shares", async () => {
    const kms = three();
    const it = await openedOf(kms);
    const other = await openedOf(three());
    kms[0].mood = "down";
    const wrong = other.shares.slice(0, 2);
    await rejectsWithCode(
      it.store.exclusively((open) => proveQuorum(open, wrong)),
      "WRONG_SHARES",
    );
    await it.store.seal();
    await it.store.submitShare(wrong[0]!);
    await rejectsWithCode(it.store.submitShare(wrong[1]!), "WRONG_SHARES");
    expect(it.store.sealed).toBe(true);
  });

  it("gets a new key while that seal is down, whose old blob does not stay", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[0].mood = "down";
    const rekey = new Rekey<readonly string[], null>(it.store, recoveryTarget);
    const fresh = await rekeyed(rekey, it.shares);
    expect(await it.storage.get(paths.RECOVERY_KEY)).toBeUndefined();
    expect(await outstandingIn(it)).toEqual([`a ${paths.RECOVERY_KEY}`]);
    kms[0].mood = "up";
    await it.store.seals.deliverOutstanding();
    expect(await outstandingIn(it)).toEqual([]);
    await it.store.exclusively((open) => proveQuorum(open, fresh.slice(0, 2)));
    await rejectsWithCode(
      it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2))),
      "WRONG_SHARES",
    );
  });

  it("rekeys the root key while one seal is down", async () => {
    const kms = three();
    const it = await openedOf(kms);
    kms[2].mood = "down";
    const rekey = new Rekey<readonly string[], null>(it.store, barrierTarget);
    const { nonce } = await rekey.start(hexRequest({ shares: 0, threshold: 0 }));
    for (const share of it.shares.slice(0, 2)) await rekey.submit(nonce, share);
    expect(await outstandingIn(it)).toEqual([`c ${rootKeyOf("c")}`]);
    expect(bytes([])).toEqual([]);
  });
});

describe("the seals' layer around the keyring", () => {
  const layered = { layer: sealLayer };

  it("has a slot for each, and each opens it alone", async () => {
    const kms = three();
    const it = await openedOf(kms, layered);
    const stored = (await it.storage.get(paths.KEYRING))!;
    expect(Buffer.from(stored.subarray(0, 16)).toString()).toBe("multiwrapvalue:1");
    expect(decodeWrapped(stored)?.map(({ keyInfo }) => keyInfo?.keyId)).toEqual(["a", "b", "c"]);
    for (const each of kms) expect(await opens(it.storage, each)).toBe(true);
  });

  it("is rotated without one that is down, which gets its slot later", async () => {
    const kms = three();
    const it = await openedOf(kms, layered);
    kms[1].mood = "down";
    await it.store.rotate();
    expect(await outstandingIn(it)).toEqual([`b ${paths.KEYRING}`, `b ${paths.ROOT_KEY}`]);
    expect(decodeWrapped((await it.storage.get(paths.KEYRING))!)).toHaveLength(2);
    kms[1].mood = "up";
    await it.store.seals.deliverOutstanding();
    expect(await outstandingIn(it)).toEqual([]);
    expect(decodeWrapped((await it.storage.get(paths.KEYRING))!)).toHaveLength(3);
    expect(await opens(it.storage, kms[1])).toBe(true);
  });

  it("loses no slot by a save of the count: where one does not answer, nothing is written", async () => {
    const kms = three();
    const it = await openedOf(kms, layered);
    const before = await it.storage.get(paths.KEYRING);
    kms[1].mood = "down";
    await it.store.put("b", Buffer.from("value"));
    await it.store.seal();
    expect(it.told.saves).toMatchObject([{ outcome: "failed", error: { code: "SEAL_UNAVAILABLE" } }]);
    expect(await it.storage.get(paths.KEYRING)).toEqual(before);
    expect(it.store.sealed).toBe(true);
  });

  it("saves the count by those that have a slot, while one waits for its own", async () => {
    const kms = three();
    const it = await openedOf(kms, layered);
    kms[1].mood = "down";
    await it.store.rotate();
    await it.store.put("b", Buffer.from("value"));
    await it.store.seal();
    expect(it.told.saves.at(-1)).toMatchObject({ outcome: "saved" });
    expect(decodeWrapped((await it.storage.get(paths.KEYRING))!)).toHaveLength(2);
  });

  it("is not written where none answers", async () => {
    const kms = three();
    const it = await openedOf(kms, layered);
    const before = await snapshot(it.storage);
    for (const each of kms) each.mood = "down";
    await rejectsWithCode(it.store.rotate(), "NO_SEAL_ANSWERS");
    expect(await snapshot(it.storage)).toEqual(before);
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
