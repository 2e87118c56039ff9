// SPDX-License-Identifier: Apache-2.0
/** Shares that open the storage when every service is gone: officers', or the recovery shares. */
import {
  Authorization,
  barrierTarget,
  breakGlass,
  breakGlassTarget,
  closeAlone,
  layeredPaths,
  openAlone,
  openingShares,
  type Permission,
  paths,
  proveQuorum,
  RECOVERY_KEYS,
  Rekey,
  type RekeyTarget,
  recover,
  recoveryKeysUnsealOff,
  recoveryKeysUnsealOn,
  recoveryTarget,
  rotateRootKey,
  type SealedStore,
  type StoreOptions,
  sealLayer,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { bytes, hexRequest, rekeyed } from "../rekey/support.ts";
import { snapshot } from "../support/storages.ts";
import { initializedShamir, submitAll } from "../support/stores.ts";
import { json, Kms, openedOf, opens, type Several, sharesOpen, storeOf, TWO_OF_THREE } from "./support.ts";

type Shares = readonly Uint8Array[];

const officers = (numbers = TWO_OF_THREE, weaker: "refuse" | "accept" = "refuse"): Permission<Uint8Array[]> =>
  breakGlass({
    name: "officers",
    numbers,
    weaker,
    deliver: async (shares: Shares) => ({ answer: shares.map((share) => Uint8Array.from(share)), entries: [] }),
  });

/** What a quorum of `shares` allows. */
async function allowed<Answer>(store: SealedStore, permission: Permission<Answer>, shares: Shares): Promise<Answer> {
  const authorization = new Authorization<Answer, null>(store, "test");
  const { nonce, required } = await authorization.start(null, permission);
  for (const share of shares.slice(0, required)) {
    const submission = await authorization.submit(nonce, share);
    if (submission.complete) return submission.answer;
  }
  throw new Error("the quorum was not there");
}

function withRekey(store: SealedStore, target: RekeyTarget, shares: Shares): Promise<Uint8Array[]> {
  return rekeyed(new Rekey<readonly string[], null>(store, target), shares);
}

async function withOfficers(
  kms: readonly Kms[],
  options: Partial<StoreOptions> = {},
): Promise<Several & { readonly shares: Shares; readonly officers: Shares }> {
  const it = await openedOf(kms, options);
  return { ...it, officers: await allowed(it.store, officers(), it.shares) };
}

async function unchanged(it: Several, refused: Promise<unknown>, code: string): Promise<void> {
  const before = await snapshot(it.storage);
  await rejectsWithCode(refused, code as never);
  expect(await snapshot(it.storage)).toEqual(before);
}

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
    await unchanged(it, allowed(it.store, officers(one), it.shares), "WEAKER_SEAL");
    expect(await allowed(it.store, officers(one, "accept"), it.shares)).toHaveLength(1);
  });

  it("is refused without the quorum, under a name that is taken, and where people unseal", async () => {
    const kms = new Kms("officers");
    const it = await openedOf([kms]);
    await unchanged(it, allowed(it.store, officers(), it.shares), "INVALID_REQUEST");
    const other = await openedOf([new Kms("a")]);
    await unchanged(other, allowed(other.store, officers(), it.shares), "WRONG_SHARES");
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
    await unchanged(it, recover(open), code);
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
