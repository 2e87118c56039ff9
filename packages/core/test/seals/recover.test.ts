// SPDX-License-Identifier: Apache-2.0
/** Recovery keys that unseal, and a storage whose services are gone. */
import {
  barrierTarget,
  closeAlone,
  layeredPaths,
  openAlone,
  paths,
  proveQuorum,
  RECOVERY_KEYS,
  Rekey,
  recover,
  recoveryKeysUnsealOff,
  recoveryKeysUnsealOn,
  recoveryTarget,
  rotateRootKey,
  sealLayer,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { bytes, hexRequest } from "../rekey/support.ts";
import { initializedShamir, submitAll } from "../support/stores.ts";
import { allowed, withOfficers, withRekey } from "./quorum-support.ts";
import { json, Kms, openedOf, opens, sharesOpen, storeOf } from "./support.ts";
import { unchanged } from "./unchanged.ts";

describe("recovery keys that unseal", () => {
  async function opened() {
    const kms = [new Kms("a")];
    const it = await openedOf(kms, { layer: sealLayer });
    return { ...it, kms };
  }

  it("open the storage once their quorum has allowed it, and allow as before", async () => {
    const it = await opened();
    expect(await sharesOpen(it.storage, it.shares, RECOVERY_KEYS)).toBe(false);
    await allowed(it.store, recoveryKeysUnsealOn("refuse"), it.shares);
    expect(await sharesOpen(it.storage, it.shares, RECOVERY_KEYS)).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    await rejectsWithCode(allowed(it.store, recoveryKeysUnsealOn("refuse"), it.shares), "INVALID_REQUEST");
  });

  it("stop opening it with a recovery rekey, and the new ones open it", async () => {
    const it = await opened();
    await allowed(it.store, recoveryKeysUnsealOn("refuse"), it.shares);
    const fresh = await withRekey(it.store, recoveryTarget, it.shares);
    expect(await sharesOpen(it.storage, it.shares, RECOVERY_KEYS)).toBe(false);
    expect(await sharesOpen(it.storage, fresh, RECOVERY_KEYS)).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, fresh.slice(0, 2)));
    expect(await opens(it.storage, it.kms[0]!)).toBe(true);
  });

  it("turned off leave a new recovery key that opens nothing, and a root key that the old one does not open", async () => {
    const it = await opened();
    await rejectsWithCode(withRekey(it.store, recoveryKeysUnsealOff, it.shares), "INVALID_REQUEST");
    await allowed(it.store, recoveryKeysUnsealOn("refuse"), it.shares);
    const entry = (await it.storage.get(`${paths.SEALS}${RECOVERY_KEYS}/root-key`))!;
    const record = (await it.storage.get(paths.SEAL_RECORD))!;
    const rekey = new Rekey<readonly string[], null>(it.store, recoveryKeysUnsealOff);
    const { nonce } = await rekey.start({ ...hexRequest(), oneSealLeft: "accept" });
    await rekey.submit(nonce, it.shares[0]!);
    const done = await rekey.submit(nonce, it.shares[1]!);
    const fresh = done.complete ? bytes(done.answer) : [];
    expect(await it.storage.list(paths.SEALS)).toEqual([]);
    await it.store.exclusively((open) => proveQuorum(open, fresh.slice(0, 2)));
    await rejectsWithCode(
      it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2))),
      "WRONG_SHARES",
    );
    expect(await opens(it.storage, it.kms[0]!)).toBe(true);
    await it.storage.write([
      { op: "put", path: `${paths.SEALS}${RECOVERY_KEYS}/root-key`, value: entry },
      { op: "put", path: paths.SEAL_RECORD, value: record },
    ]);
    expect(await sharesOpen(it.storage, it.shares, RECOVERY_KEYS)).toBe(false);
  });

  it("have no place of their own once people unseal, so that a rekey leaves the old shares nothing", async () => {
    const it = await opened();
    await allowed(it.store, recoveryKeysUnsealOn("refuse"), it.shares);
    await it.store.seals.migrate("shamir");
    expect(await sharesOpen(it.storage, it.shares)).toBe(true);
    const fresh = await withRekey(it.store, barrierTarget, it.shares);
    expect(await sharesOpen(it.storage, fresh)).toBe(true);
    for (const name of [undefined, RECOVERY_KEYS]) expect(await sharesOpen(it.storage, it.shares, name)).toBe(false);
  });

  it("are refused of one share unless that is accepted, and where people unseal", async () => {
    const { store } = await storeOf([new Kms("a")]);
    const { recovery } = await store.initialize({ recovery: { shares: 1, threshold: 1 } });
    await store.unseal();
    await rejectsWithCode(allowed(store, recoveryKeysUnsealOn("refuse"), recovery), "WEAKER_SEAL");
    const people = await initializedShamir();
    await submitAll(people.store, people.shares.slice(0, 2));
    await rejectsWithCode(allowed(people.store, recoveryKeysUnsealOn("accept"), people.shares), "INVALID_REQUEST");
  });
});

describe("a recovery from a backup whose services are gone", () => {
  it("gives the storage to other seals, with a new root key and term, and keeps both kinds of shares", async () => {
    const lost = [new Kms("a"), new Kms("b")];
    const it = await withOfficers(lost, { layer: sealLayer });
    await rotateRootKey(it.store);
    await it.store.close();
    for (const each of lost) each.mood = "down";
    const fresh = new Kms("c");
    const open = await openAlone({
      storage: it.storage,
      seals: [await fresh.attached()],
      plugin: shamir,
      unsealShares: it.officers.slice(0, 2),
      sharesOf: "officers",
    });
    expect(await recover(open)).toEqual({ seals: ["c"], recoveryShares: "kept" });
    expect(open.barrier.keyStatus.term).toBe(2);
    await open.barrier.write([]);
    await closeAlone(open);
    expect(await layeredPaths(it.storage)).toHaveLength(2);
    expect(await opens(it.storage, fresh)).toBe(true);
    expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(true);
    for (const each of lost) {
      each.mood = "up";
      expect(await opens(it.storage, each)).toBe(false);
    }
    const { store } = await storeOf([fresh], { storage: it.storage });
    await store.unseal();
    await store.exclusively((each) => proveQuorum(each, it.shares.slice(0, 2)));
  });

  it("gives it to a new key under the name of the old one", async () => {
    const lost = new Kms("a");
    const it = await withOfficers([lost]);
    await it.store.close();
    const fresh = new Kms("a", "fresh");
    const open = await openAlone({
      storage: it.storage,
      seals: [await fresh.attached()],
      plugin: shamir,
      unsealShares: it.officers.slice(0, 2),
      sharesOf: "officers",
    });
    await recover(open);
    await closeAlone(open);
    expect(await opens(it.storage, fresh)).toBe(true);
    expect(await opens(it.storage, lost)).toBe(false);
    const { store } = await storeOf([fresh], { storage: it.storage });
    for (const share of it.shares.slice(0, 2)) await store.submitShare(share);
    expect(store.sealed).toBe(false);
    expect(await json(it.storage, paths.RECOVERY_CONFIG)).toMatchObject({ secret_shares: 3 });
  });

  it.each([
    ["no seal to give it to", [], "INVALID_REQUEST"],
    ["a seal that is down", [new Kms("down")], "SEAL_UNAVAILABLE"],
  ] as const)("is refused with %s, and changes nothing", async (_, seals, code) => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.close();
    for (const each of seals) each.mood = "down";
    const open = await openAlone({
      storage: it.storage,
      seals: await Promise.all(seals.map((each) => each.attached())),
      plugin: shamir,
      unsealShares: it.officers.slice(0, 2),
      sharesOf: "officers",
    });
    await unchanged(it.storage, recover(open), code);
    await closeAlone(open);
  });

  it("is refused by shares of a seal that there is not", async () => {
    const it = await openedOf([new Kms("a")]);
    await it.store.close();
    const options = { storage: it.storage, seals: [], plugin: shamir, unsealShares: it.shares.slice(0, 2) };
    await rejectsWithCode(openAlone({ ...options, sharesOf: "officers" }), "INVALID_REQUEST");
  });

  it("is refused by shares that are wrong", async () => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.close();
    const opening = openAlone({
      storage: it.storage,
      seals: [],
      plugin: shamir,
      unsealShares: it.shares.slice(0, 2),
      sharesOf: "officers",
    });
    await rejectsWithCode(opening, "WRONG_SHARES");
  });

  it("leaves a storage that can be rekeyed", async () => {
    const it = await withOfficers([new Kms("a")]);
    await it.store.close();
    const fresh = new Kms("c");
    const options = { storage: it.storage, seals: [await fresh.attached()], plugin: shamir };
    const open = await openAlone({ ...options, unsealShares: it.officers.slice(0, 2), sharesOf: "officers" });
    await recover(open);
    await closeAlone(open);
    const { store } = await storeOf([fresh], { storage: it.storage });
    await store.unseal();
    await withRekey(store, recoveryTarget, it.shares);
    await rotateRootKey(store);
    expect(new Rekey<null, null>(store, barrierTarget).current).toBeUndefined();
    expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(true);
  });
});
