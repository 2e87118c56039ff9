import {
  barrierTarget,
  decodeWrapped,
  paths,
  proveQuorum,
  Rekey,
  recoveryTarget,
  rotateRootKey,
  SealedStore,
  sealLayer,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { bytes, hexRequest, rekeyed } from "../rekey/support.ts";
import { snapshot } from "../support/storages.ts";
import { json, Kms, openedOf, opens, outstandingIn, rootKeyOf, storeOf } from "./support.ts";

const [a, b, c] = ["a", "b", "c"] as const;
const three = () => [new Kms(a), new Kms(b), new Kms(c)] as const;

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
