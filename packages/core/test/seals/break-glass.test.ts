// SPDX-License-Identifier: Apache-2.0
/** Officers' shares, which open the storage when every service is gone. */
import {
  breakGlassTarget,
  openingShares,
  paths,
  proveQuorum,
  RECOVERY_KEYS,
  rotateRootKey,
  sealLayer,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { initializedShamir, submitAll } from "../support/stores.ts";
import { allowed, officers, type Shares, withOfficers, withRekey } from "./quorum-support.ts";
import { Kms, openedOf, opens, sharesOpen, storeOf, TWO_OF_THREE } from "./support.ts";
import { unchanged } from "./unchanged.ts";

describe("a seal of shares beside auto seals", () => {
  it("opens the storage alone, with the seals' layer and without", async () => {
    for (const options of [{}, { layer: sealLayer }]) {
      const kms = [new Kms("a")];
      const it = await withOfficers(kms, options);
      kms[0]!.mood = "down";
      expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(true);
      kms[0]!.mood = "up";
      expect(await opens(it.storage, kms[0]!)).toBe(true);
    }
  });

  it("opens the sealed store itself while every service is down", async () => {
    const kms = [new Kms("a"), new Kms("b")];
    const it = await withOfficers(kms);
    await it.store.seal();
    for (const each of kms) each.mood = "down";
    await rejectsWithCode(it.store.unseal(), "NO_SEAL_ANSWERS");
    for (const share of it.officers.slice(1)) await it.store.submitShare(share, { seal: "officers" });
    expect(it.store.sealed).toBe(false);
    expect((await it.store.get("kept"))?.toString()).toBe("value");
  });

  it("opens a store whose service has come back with another key, which is in doubt then and given nothing", async () => {
    const kms = new Kms("a");
    const it = await withOfficers([kms], { layer: sealLayer });
    await it.store.seal();
    const other = new Kms("a", "other");
    const { store, told } = await storeOf([other], { storage: it.storage, layer: sealLayer });
    await rejectsWithCode(store.unseal(), "WRONG_SEAL");
    for (const share of it.officers.slice(1)) await store.submitShare(share, { seal: "officers" });
    expect(told.doubted).toEqual(["a"]);
    expect((await store.seals.holdings())[0]).toMatchObject({ name: "a", upToDate: false });
    await rotateRootKey(store, undefined, "accept");
    await store.seals.deliverOutstanding();
    expect(await opens(it.storage, other)).toBe(false);
    expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(true);
    store.seals.attach(await kms.attached());
    await store.seals.deliverOutstanding();
    expect(await opens(it.storage, kms)).toBe(true);
  });

  it("gets every new root key without the officers, and rotations go on while all services are down", async () => {
    const kms = [new Kms("a"), new Kms("b")];
    const it = await withOfficers(kms, { layer: sealLayer });
    await rotateRootKey(it.store);
    for (const each of kms) each.mood = "down";
    await it.store.rotate();
    await rotateRootKey(it.store, undefined, "accept");
    await rejectsWithCode(rotateRootKey(it.store), "FORCE_NEEDED");
    expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(true);
    for (const each of kms) each.mood = "up";
    await it.store.seals.deliverOutstanding();
    for (const each of kms) expect(await opens(it.storage, each)).toBe(true);
  });

  it("does not allow what the recovery quorum does", async () => {
    const it = await withOfficers([new Kms("a")]);
    await rejectsWithCode(
      it.store.exclusively((open) => proveQuorum(open, it.officers.slice(0, 2))),
      "WRONG_SHARES",
    );
  });

  it("is opened by its own shares only, and forgets those that are wrong", async () => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.seal();
    await it.store.submitShare(it.shares[0]!, { seal: "officers" });
    await rejectsWithCode(it.store.submitShare(it.shares[1]!, { seal: "officers" }), "WRONG_SHARES");
    await it.store.submitShare(it.officers[0]!, { seal: "officers" });
    await it.store.submitShare(it.officers[0]!, { seal: "officers" });
    expect(await it.store.status()).toMatchObject({
      sealed: true,
      progress: 0,
      besides: [
        { name: "officers", numbers: TWO_OF_THREE, progress: 1, nonce: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ],
    });
    await it.store.submitShare(it.officers[2]!, { seal: "officers" });
    expect(it.store.sealed).toBe(false);
  });

  it("is refused under a name that nobody has, and a share that is none is not counted", async () => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.seal();
    await rejectsWithCode(it.store.submitShare(it.officers[0]!, { seal: "nobody" }), "INVALID_REQUEST");
    await rejectsWithCode(it.store.submitShare(it.officers[0]!, { seal: "a" }), "INVALID_REQUEST");
    await rejectsWithCode(it.store.submitShare(new Uint8Array(3), { seal: "officers" }), "INVALID_SHARE");
  });

  it("gets new shares with a new root key: the old ones open nothing, nor a layer that they opened", async () => {
    const kms = [new Kms("a")];
    const it = await withOfficers(kms, { layer: sealLayer });
    const fresh = await withRekey(it.store, breakGlassTarget("officers"), it.shares);
    expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(false);
    expect(await sharesOpen(it.storage, fresh, "officers")).toBe(true);
    expect(await opens(it.storage, kms[0]!)).toBe(true);
  });

  it("is removed as any seal is, with nothing of it left", async () => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.seals.remove("officers", { force: "accept" });
    expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(false);
    expect(await it.storage.list(paths.SEALS)).toEqual([]);
  });

  it("is told of with its numbers, sealed or not", async () => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.seal();
    const holdings = await it.store.seals.holdings();
    expect(holdings.find(({ name }) => name === "officers")).toMatchObject({
      kind: "shares",
      state: "enabled",
      numbers: TWO_OF_THREE,
      upToDate: true,
    });
    expect(await openingShares(it.storage, shamir)).toEqual([{ name: "officers", numbers: TWO_OF_THREE }]);
  });

  it("of one share is refused unless that is accepted", async () => {
    const it = await openedOf([new Kms("a")]);
    const one = { shares: 1, threshold: 1 };
    await unchanged(it.storage, allowed(it.store, officers(one), it.shares), "WEAKER_SEAL");
    expect(await allowed(it.store, officers(one, "accept"), it.shares)).toHaveLength(1);
  });

  it("is refused without the quorum, under a name that is taken, and where people unseal", async () => {
    const kms = new Kms("officers");
    const it = await openedOf([kms]);
    await unchanged(it.storage, allowed(it.store, officers(), it.shares), "INVALID_REQUEST");
    const other = await openedOf([new Kms("a")]);
    await unchanged(other.storage, allowed(other.store, officers(), it.shares), "WRONG_SHARES");
    const people = await initializedShamir();
    await submitAll(people.store, people.shares.slice(0, 2));
    await rejectsWithCode(allowed(people.store, officers(), people.shares), "INVALID_REQUEST");
  });

  it("is added without a quorum only where there is none", async () => {
    const { store } = await storeOf([new Kms("a")]);
    await store.initialize({});
    await store.unseal();
    const request = {
      name: "officers",
      numbers: TWO_OF_THREE,
      weaker: "refuse" as const,
      deliver: async (shares: Shares) => ({ answer: shares.length, entries: [] }),
    };
    expect(await store.seals.establishShares(request)).toBe(3);
    const it = await openedOf([new Kms("a")]);
    await rejectsWithCode(it.store.seals.establishShares(request), "INVALID_REQUEST");
  });
});

describe("an initialisation with a seal of shares", () => {
  it("hands its shares out, and they open the storage", async () => {
    const { store, storage } = await storeOf([new Kms("a")]);
    const { unseal, recovery } = await store.initialize({
      recovery: TWO_OF_THREE,
      breakGlass: { name: "officers", numbers: TWO_OF_THREE },
    });
    await store.unseal();
    await store.put("kept", Buffer.from("value"));
    expect(await sharesOpen(storage, unseal, "officers")).toBe(true);
    expect(await sharesOpen(storage, recovery, "officers")).toBe(false);
  });

  it("may let the recovery keys unseal", async () => {
    const { store, storage } = await storeOf([new Kms("a")]);
    const { recovery } = await store.initialize({ recovery: TWO_OF_THREE, recoveryKeysUnseal: true });
    await store.unseal();
    await store.put("kept", Buffer.from("value"));
    expect(await sharesOpen(storage, recovery, RECOVERY_KEYS)).toBe(true);
  });

  it.each([
    ["recovery keys that there are none of", { recoveryKeysUnseal: true }, "INVALID_REQUEST"],
    ["a name that is taken", { breakGlass: { name: "a", numbers: TWO_OF_THREE } }, "INVALID_REQUEST"],
    ["numbers that are none", { breakGlass: { name: "o", numbers: { shares: 2, threshold: 3 } } }, "INVALID_REQUEST"],
    ["one share", { breakGlass: { name: "o", numbers: { shares: 1, threshold: 1 } } }, "WEAKER_SEAL"],
  ] as const)("is refused with %s, and writes nothing", async (_, request, code) => {
    const { store, storage } = await storeOf([new Kms("a")]);
    await rejectsWithCode(store.initialize(request), code);
    expect(await storage.list("")).toEqual([]);
  });
});
