// SPDX-License-Identifier: Apache-2.0
/** Adding and removing seals while the store is open. */
import { paths, proveQuorum, rotateRootKey, sealLayer } from "@sealwright/core";
import { decodeBlob } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import { json, Kms, openedByPeople, openedOf, opens, outstandingIn, rootKeyOf, withNew } from "./support.ts";
import { unchanged } from "./unchanged.ts";

describe("adding a seal", () => {
  it("lets it open the storage, and leaves what OpenBao reads as it was", async () => {
    const b = new Kms("b");
    const it = await withNew(b);
    const stored = await it.storage.get(paths.STORED_KEYS);
    expect(await opens(it.storage, b)).toBe(false);
    await it.store.seals.add("b");
    expect(await opens(it.storage, b)).toBe(true);
    expect(await opens(it.storage, it.a)).toBe(true);
    expect(await it.storage.get(paths.STORED_KEYS)).toEqual(stored);
    expect(await it.storage.get(paths.RECOVERY_KEY_COPY)).toBeDefined();
  });

  it("gives it a slot of the seals' layer", async () => {
    const [a, b] = [new Kms("a"), new Kms("b")];
    const it = await openedOf([a], { layer: sealLayer });
    it.store.seals.attach(await b.attached(2));
    await it.store.seals.add("b");
    expect(await opens(it.storage, b)).toBe(true);
  });

  it.each(["down", "lying"] as const)("is refused where it is %s, and changes nothing", async (mood) => {
    const b = new Kms("b");
    const it = await withNew(b);
    b.mood = mood;
    await unchanged(it.storage, it.store.seals.add("b"), mood === "down" ? "SEAL_UNAVAILABLE" : "SEAL_CONFIG");
  });

  it("works while the only other seal is down: that is the way back", async () => {
    const b = new Kms("b");
    const it = await withNew(b);
    it.a.mood = "down";
    await it.store.seals.add("b");
    expect(await opens(it.storage, b)).toBe(true);
    await it.store.seals.deliverOutstanding();
    expect(await it.storage.get(paths.RECOVERY_KEY_COPY)).toBeUndefined();
    it.a.mood = "up";
    await it.store.seals.deliverOutstanding();
    await it.store.seals.remove("a", { force: "accept" });
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
  });

  it("is refused for one that is not attached, is there already, is disabled, or has the name of the seal of people", async () => {
    const it = await withNew(new Kms("b"));
    it.store.seals.attach(await new Kms("d").attached(9, { state: "disabled" }));
    it.store.seals.attach(await new Kms("shamir").attached(9));
    for (const name of ["nobody", "a", "d", "shamir"]) {
      await unchanged(it.storage, it.store.seals.add(name), "INVALID_REQUEST");
    }
  });

  it("is refused for one that makes the whole weaker, unless that is accepted", async () => {
    const it = await withNew();
    it.store.seals.attach(await new Kms("b").attached(2, { weakness: "a key file opens it" }));
    await unchanged(it.storage, it.store.seals.add("b"), "WEAKER_SEAL");
    await it.store.seals.add("b", { weaker: "accept" });
  });

  it("is refused where people unseal, and while the store is sealed", async () => {
    const it = await openedByPeople(new Kms("b"));
    await unchanged(it.storage, it.store.seals.add("b"), "INVALID_REQUEST");
    await it.store.seal();
    await unchanged(it.storage, it.store.seals.add("b"), "SEALED");
  });
});

describe("removing a seal", () => {
  it("leaves nothing of it, and a root key that it never gets", async () => {
    const kms = [new Kms("a"), new Kms("b"), new Kms("c")];
    const it = await openedOf(kms);
    const old = (await it.storage.get(rootKeyOf("b")))!;
    await it.store.seals.remove("b");
    expect(await it.storage.get(rootKeyOf("b"))).toBeUndefined();
    expect(it.store.barrier.keyStatus.term).toBe(2);
    await it.storage.write([{ op: "put", path: rootKeyOf("b"), value: old }]);
    expect(await opens(it.storage, kms[1]!)).toBe(false);
    expect(await opens(it.storage, kms[0]!)).toBe(true);
    expect(await opens(it.storage, kms[2]!)).toBe(true);
  });

  it("makes the best of the others the first where the first is removed, whose shares stay", async () => {
    const kms = [new Kms("a"), new Kms("b"), new Kms("c")];
    const it = await openedOf(kms);
    kms[0]!.mood = "down";
    await it.store.seals.remove("a");
    expect(decodeBlob((await it.storage.get(paths.STORED_KEYS))!).keyInfo?.keyId).toBe("b");
    expect(decodeBlob((await it.storage.get(paths.RECOVERY_KEY))!).keyInfo?.keyId).toBe("b");
    expect(await it.storage.get(rootKeyOf("b"))).toBeUndefined();
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    expect((await it.store.status()).sealConfigsAltered).toBe(false);
    for (const each of kms.slice(1)) expect(await opens(it.storage, each)).toBe(true);
    kms[0]!.mood = "up";
    expect(await opens(it.storage, kms[0]!)).toBe(false);
  });

  it("down to one leaves a storage that its blob alone opens", async () => {
    const kms = [new Kms("a"), new Kms("b")];
    const it = await openedOf(kms);
    await it.store.seals.remove("a");
    await it.store.close();
    expect(await opens(it.storage, kms[1]!)).toBe(true);
    expect(await json(it.storage, paths.SEAL_RECORD)).toMatchObject({ first: "b", members: [{ name: "b" }] });
  });

  it("is refused for the last one", async () => {
    const it = await withNew(new Kms("b"));
    await unchanged(it.storage, it.store.seals.remove("a"), "NO_SEAL_LEFT");
  });

  it("is refused where those that stay are down", async () => {
    const kms = [new Kms("a"), new Kms("b")];
    const it = await openedOf(kms);
    kms[0]!.mood = "down";
    await unchanged(it.storage, it.store.seals.remove("b"), "SEAL_UNAVAILABLE");
    await unchanged(it.storage, it.store.seals.remove("b", { force: "accept" }), "SEAL_UNAVAILABLE");
  });

  it("is refused while one that stays has not got everything, unless that is accepted", async () => {
    const kms = [new Kms("a"), new Kms("b"), new Kms("c")];
    const it = await openedOf(kms);
    kms[0]!.mood = "down";
    await rotateRootKey(it.store);
    await unchanged(it.storage, it.store.seals.remove("c"), "FORCE_NEEDED");
    await it.store.seals.remove("c", { force: "accept" });
    expect(await opens(it.storage, kms[1]!)).toBe(true);
  });

  it("forgets what was outstanding for it", async () => {
    const kms = [new Kms("a"), new Kms("b"), new Kms("c")];
    const it = await openedOf(kms);
    kms[2]!.mood = "down";
    await rotateRootKey(it.store);
    await it.store.seals.remove("c");
    expect(await outstandingIn(it)).toEqual([]);
    expect(await it.storage.list(paths.OUTSTANDING)).toEqual([]);
  });

  it("is refused for one that the storage does not have", async () => {
    const it = await withNew(new Kms("b"));
    await unchanged(it.storage, it.store.seals.remove("b"), "INVALID_REQUEST");
  });
});
