// SPDX-License-Identifier: Apache-2.0
/** Migrating from one seal to another, online and as Vault does it. */
import { paths, proveQuorum, rotateRootKey, SealedStore, type Storage } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { snapshot } from "../support/storages.ts";
import {
  json,
  Kms,
  openedByPeople,
  openedOf,
  opens,
  outstandingIn,
  rootKeyOf,
  sharesOpen,
  storeOf,
  withNew,
} from "./support.ts";
import { unchanged } from "./unchanged.ts";

describe("a migration between auto seals", () => {
  it("makes the new one the first, keeps the old one asked last, and removes it when it is finished", async () => {
    const b = new Kms("b");
    const it = await withNew(b);
    await it.store.seals.migrate("b");
    expect(decodeBlob((await it.storage.get(paths.STORED_KEYS))!).keyInfo?.keyId).toBe("b");
    expect(await opens(it.storage, it.a)).toBe(true);
    expect(await opens(it.storage, b)).toBe(true);
    await rotateRootKey(it.store);
    expect(await opens(it.storage, it.a)).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    await it.store.seals.finishMigration();
    expect(await opens(it.storage, it.a)).toBe(false);
    expect(await opens(it.storage, b)).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
  });

  it("is undone, and then finished the other way about", async () => {
    const b = new Kms("b");
    const it = await withNew(b);
    await it.store.seals.migrate("b");
    await it.store.seals.undoMigration();
    expect(decodeBlob((await it.storage.get(paths.STORED_KEYS))!).keyInfo?.keyId).toBe("a");
    expect(await opens(it.storage, b)).toBe(true);
    await it.store.seals.finishMigration();
    expect(await opens(it.storage, b)).toBe(false);
    expect(await opens(it.storage, it.a)).toBe(true);
  });

  it("works among several, whose others stay", async () => {
    const kms = [new Kms("a"), new Kms("b"), new Kms("c")];
    const it = await openedOf(kms);
    await it.store.seals.migrate("c");
    for (const each of kms) expect(await opens(it.storage, each)).toBe(true);
    await it.store.seals.finishMigration();
    expect(await Promise.all(kms.map((each) => opens(it.storage, each)))).toEqual([false, true, true]);
  });

  it("leaves the old one behind where it is gone for good, if the loss of the recovery shares is accepted", async () => {
    const b = new Kms("b");
    const it = await withNew(b);
    it.a.mood = "down";
    await unchanged(it.storage, it.store.seals.migrate("b"), "FORCE_NEEDED");
    await it.store.seals.migrate("b", { force: "accept" });
    expect(await outstandingIn(it)).toEqual([`a ${rootKeyOf("a")}`]);
    await it.store.seals.finishMigration({ force: "accept" });
    expect(await opens(it.storage, b)).toBe(true);
    expect(await json(it.storage, paths.RECOVERY_CONFIG)).toMatchObject({ secret_shares: 0 });
  });

  it("away from one that is not configured any more notes that it holds nothing", async () => {
    const kms = [new Kms("a"), new Kms("b")];
    const it = await openedOf(kms);
    await it.store.seals.detach("a");
    await it.store.seals.migrate("b");
    expect(await outstandingIn(it)).toEqual([`a ${rootKeyOf("a")}`]);
    expect((await it.store.seals.holdings()).find(({ name }) => name === "a")).toMatchObject({
      state: "absent",
      upToDate: false,
    });
    await it.store.seals.finishMigration();
    expect(await outstandingIn(it)).toEqual([]);
    expect(await opens(it.storage, kms[1]!)).toBe(true);
  });

  it("is proved and told before anything changes", async () => {
    const b = new Kms("b");
    const it = await withNew(b);
    const before = await snapshot(it.storage);
    expect(await it.store.seals.planMigration("b")).toEqual({
      from: { name: "a", type: "static", kind: "auto" },
      to: { name: "b", type: "static", kind: "auto" },
      shares: "recovery",
      fromFailure: undefined,
    });
    it.a.mood = "down";
    expect(await it.store.seals.planMigration("b")).toMatchObject({
      shares: "lost",
      fromFailure: { code: "SEAL_UNAVAILABLE" },
    });
    expect(await snapshot(it.storage)).toEqual(before);
    b.mood = "down";
    await rejectsWithCode(it.store.seals.planMigration("b"), "SEAL_UNAVAILABLE");
  });

  it.each(["down", "lying"] as const)("is refused where the new one is %s", async (mood) => {
    const b = new Kms("b");
    const it = await withNew(b);
    b.mood = mood;
    await unchanged(it.storage, it.store.seals.migrate("b"), mood === "down" ? "SEAL_UNAVAILABLE" : "SEAL_CONFIG");
  });

  it("is refused to the first one, to nobody, while another one is under way, and there is none to finish or undo", async () => {
    const it = await withNew(new Kms("b"), new Kms("c"));
    const { seals } = it.store;
    await unchanged(it.storage, seals.migrate("a"), "INVALID_REQUEST");
    await unchanged(it.storage, seals.migrate("nobody"), "INVALID_REQUEST");
    await unchanged(it.storage, seals.finishMigration(), "INVALID_REQUEST");
    await unchanged(it.storage, seals.undoMigration(), "INVALID_REQUEST");
    await seals.migrate("b");
    await unchanged(it.storage, seals.migrate("c"), "INVALID_REQUEST");
  });

  it("is refused to one that makes the whole weaker, unless that is accepted", async () => {
    const it = await withNew();
    it.store.seals.attach(await new Kms("b").attached(2, { weakness: "a key file opens it" }));
    await unchanged(it.storage, it.store.seals.migrate("b"), "WEAKER_SEAL");
    await it.store.seals.migrate("b", { weaker: "accept" });
  });

  it("asks that once: not again for one that was let in before", async () => {
    const it = await withNew();
    it.store.seals.attach(await new Kms("b").attached(2, { weakness: "a key file opens it" }));
    await it.store.seals.add("b", { weaker: "accept" });
    await it.store.seals.migrate("b");
    expect((await it.store.seals.holdings()).find(({ first }) => first)?.name).toBe("b");
  });
});

describe("a migration between shares and an auto seal", () => {
  it("makes unseal shares recovery shares, which open the storage until it is finished", async () => {
    const b = new Kms("b");
    const it = await openedByPeople(b);
    await it.store.seals.migrate("b");
    expect(await it.store.status()).toMatchObject({ type: "static", numbers: { shares: 3, threshold: 2 } });
    expect(await opens(it.storage, b)).toBe(true);
    expect(await sharesOpen(it.storage, it.shares, "shamir")).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    expect(await it.storage.get(paths.SHAMIR_KEK)).toBeUndefined();
    await it.store.seals.finishMigration();
    expect(await sharesOpen(it.storage, it.shares, "shamir")).toBe(false);
    expect(await opens(it.storage, b)).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    expect((await it.store.status()).sealConfigsAltered).toBe(false);
  });

  it("is undone: the same shares unseal again", async () => {
    const b = new Kms("b");
    const it = await openedByPeople(b);
    await it.store.seals.migrate("b");
    await it.store.seals.undoMigration();
    await it.store.seals.finishMigration();
    expect(await opens(it.storage, b)).toBe(false);
    expect(await sharesOpen(it.storage, it.shares)).toBe(true);
    await it.store.exclusively((open) => proveQuorum(open, it.shares.slice(0, 2)));
    await rotateRootKey(it.store);
    expect(await sharesOpen(it.storage, it.shares)).toBe(true);
  });

  it("makes recovery shares unseal shares, while the auto seal opens it too until it is finished", async () => {
    const it = await withNew();
    await it.store.seals.migrate("shamir");
    expect(await it.store.status()).toMatchObject({ type: "shamir", numbers: { shares: 3, threshold: 2 } });
    expect(await sharesOpen(it.storage, it.shares)).toBe(true);
    expect(await opens(it.storage, it.a)).toBe(true);
    await rotateRootKey(it.store);
    expect(await opens(it.storage, it.a)).toBe(true);
    await it.store.seals.finishMigration({ force: "accept" });
    expect(await opens(it.storage, it.a)).toBe(false);
    expect(await sharesOpen(it.storage, it.shares)).toBe(true);
    for (const path of [paths.RECOVERY_KEY, paths.RECOVERY_CONFIG, paths.RECOVERY_KEY_COPY]) {
      expect(await it.storage.get(path)).toBeUndefined();
    }
  });

  it("to people is refused where nobody holds recovery shares", async () => {
    const { store, storage } = await storeOf([new Kms("a")]);
    await store.initialize({});
    await store.unseal();
    await unchanged(storage, store.seals.migrate("shamir"), "INVALID_REQUEST");
  });
});

describe("a migration by shares at an unseal, Vault's way", () => {
  /** A sealed store on `storage` with the old seal disabled and the new one enabled. */
  async function configured(storage: Storage, old: Kms | undefined, next: Kms | undefined): Promise<SealedStore> {
    const seals = [
      ...(old === undefined ? [] : [await old.attached(2, { state: "disabled" })]),
      ...(next === undefined ? [] : [await next.attached(1)]),
    ];
    return new SealedStore({ storage, shares: shamir, seals });
  }

  it("from shares to an auto seal takes unseal shares", async () => {
    const b = new Kms("b");
    const it = await openedByPeople();
    await it.store.seal();
    const store = await configured(it.storage, undefined, b);
    expect((await rejectsWithCode(store.unseal(), "MIGRATION_PENDING")).message).toMatch(/unseal shares with -migrate/);
    await rejectsWithCode(store.submitShare(it.shares[0]!), "MIGRATION_PENDING");
    for (const share of it.shares.slice(0, 2)) await store.submitShare(share, { migrate: true });
    expect(store.sealed).toBe(false);
    await store.exclusively((open) => proveQuorum(open, it.shares.slice(1)));
    await store.seal();
    expect(await opens(it.storage, b)).toBe(true);
    expect(await sharesOpen(it.storage, it.shares)).toBe(false);
    expect(await it.storage.get(paths.SEAL_RECORD)).toBeUndefined();
  });

  it("from an auto seal to shares takes recovery shares, which unseal from then on", async () => {
    const it = await withNew();
    await it.store.seal();
    const store = await configured(it.storage, it.a, undefined);
    expect((await rejectsWithCode(store.submitShare(it.shares[0]!), "MIGRATION_PENDING")).message).toMatch(/-migrate/);
    for (const share of it.shares.slice(0, 2)) await store.submitShare(share, { migrate: true });
    await store.seal();
    expect(await opens(it.storage, it.a)).toBe(false);
    expect(await sharesOpen(it.storage, it.shares)).toBe(true);
  });

  it("from one auto seal to another takes recovery shares", async () => {
    const b = new Kms("b");
    const it = await withNew();
    await it.store.seal();
    const store = await configured(it.storage, it.a, b);
    expect((await rejectsWithCode(store.unseal(), "MIGRATION_PENDING")).message).toMatch(
      /recovery shares with -migrate/,
    );
    for (const share of it.shares.slice(0, 2)) await store.submitShare(share, { migrate: true });
    await store.seal();
    expect(await opens(it.storage, it.a)).toBe(false);
    expect(await opens(it.storage, b)).toBe(true);
  });

  it("says that the old seal's block is missing", async () => {
    const { store, storage, shares } = await withNew();
    await store.seal();
    const other = new SealedStore({ storage, shares: shamir });
    const refused = other.submitShare(shares[0]!, { migrate: true });
    expect((await rejectsWithCode(refused, "WRONG_SEAL")).message).toMatch(/seal "static" block.*disabled = "true"/);
  });

  it("is refused where there is nothing to migrate to", async () => {
    const it = await withNew();
    await it.store.seal();
    await unchanged(it.storage, it.store.submitShare(it.shares[0]!, { migrate: true }), "INVALID_REQUEST");
  });

  it("leaves the old seal where the shares are wrong, or the new seal is down", async () => {
    const b = new Kms("b");
    const it = await withNew();
    const other = await withNew();
    await it.store.seal();
    const store = await configured(it.storage, it.a, b);
    await store.submitShare(other.shares[0]!, { migrate: true });
    await unchanged(it.storage, store.submitShare(other.shares[1]!, { migrate: true }), "WRONG_SHARES");
    b.mood = "down";
    await store.submitShare(it.shares[0]!, { migrate: true });
    await unchanged(it.storage, store.submitShare(it.shares[1]!, { migrate: true }), "SEAL_UNAVAILABLE");
    expect(store.sealed).toBe(true);
    b.mood = "up";
    await store.submitShare(it.shares[1]!, { migrate: true });
    expect(store.sealed).toBe(false);
  });
});
