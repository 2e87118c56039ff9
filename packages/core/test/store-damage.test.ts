// SPDX-License-Identifier: Apache-2.0
import { paths, readRecoveryConfig, type Storage } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { openStaticSeal } from "./support/seals.ts";
import { alter, flipBit, openLastingStorage, snapshot } from "./support/storages.ts";
import {
  autoStore,
  initializedAuto,
  initializedShamir,
  shamirStore,
  submitAll,
  unsealedAuto,
} from "./support/stores.ts";

const PARTS = [paths.KEYRING, paths.SEAL_CONFIG, paths.STORED_KEYS] as const;
const incomplete = [1, 2, 3, 4, 5, 6].map((mask) => PARTS.filter((_, index) => mask & (1 << index)));

async function remove(storage: Storage, gone: readonly string[]): Promise<void> {
  await storage.write(gone.map((path) => ({ op: "delete", path })));
}

describe("a storage of which parts are missing", () => {
  it.each(incomplete)("(%s %s) is neither initialised over nor unsealed, by shares", async (...gone) => {
    const { store, storage, shares } = await initializedShamir();
    const missing = gone.filter((path) => path !== undefined);
    await remove(storage, missing);
    const before = await snapshot(storage);
    const numbers = { unseal: { shares: 1, threshold: 1 } };
    const error = await rejectsWithCode(store.initialize(numbers), "STORAGE_INCOMPLETE");
    for (const path of PARTS) expect(error.message.includes(path)).toBe(missing.includes(path));
    await rejectsWithCode(store.submitShare(shares[0]!), "STORAGE_INCOMPLETE");
    expect((await store.status()).damage).toMatchObject({ code: "STORAGE_INCOMPLETE" });
    expect(await snapshot(storage)).toEqual(before);
  });

  it.each(incomplete)("(%s %s) is neither initialised over nor unsealed, by a seal", async (...gone) => {
    const { store, storage } = await initializedAuto();
    await remove(storage, gone);
    const before = await snapshot(storage);
    await rejectsWithCode(store.initialize({}), "STORAGE_INCOMPLETE");
    await rejectsWithCode(store.unseal(), "STORAGE_INCOMPLETE");
    expect((await store.status()).damage).toMatchObject({ code: "STORAGE_INCOMPLETE" });
    expect(await snapshot(storage)).toEqual(before);
  });

  it("still opens without what only standbys and people's information need", async () => {
    const { store, storage, shares } = await initializedShamir();
    await remove(storage, [paths.ROOT_KEY, paths.CLUSTER, paths.SHAMIR_KEK]);
    await submitAll(store, shares.slice(0, 2));
    expect(store.sealed).toBe(false);
    expect((await store.status()).cluster).toBeUndefined();
  });
});

describe("a damaged keyring", () => {
  it("keeps the store sealed, whichever bit flips", async () => {
    const { store, storage } = await initializedAuto();
    const original = Buffer.from((await storage.get(paths.KEYRING))!);
    // Every bit of header, nonce and tag, and some of the ciphertext.
    for (let bit = 0; bit < original.length * 8; bit += bit < 300 || bit > (original.length - 20) * 8 ? 1 : 97) {
      await alter(storage, paths.KEYRING, () => flipBit(original, bit));
      await rejectsWithCode(store.unseal(), "ENTRY_CORRUPT");
    }
    await alter(storage, paths.KEYRING, () => original);
    await store.unseal();
    expect(store.sealed).toBe(false);
  });

  it.each([0, 4, 5, 16, 32, 33, 100])("keeps the store sealed, cut to %d bytes", async (length) => {
    const { store, storage, shares } = await initializedShamir();
    await alter(storage, paths.KEYRING, (entry) => entry.subarray(0, length));
    const error = await rejectsWithCode(submitAll(store, shares.slice(0, 2)), "ENTRY_CORRUPT");
    expect(error.message).toContain(paths.KEYRING);
    expect(store.sealed).toBe(true);
  });

  it("of another store keeps the store sealed", async () => {
    const { store, storage, shares } = await initializedShamir();
    const other = await initializedShamir();
    const keyring = (await other.storage.get(paths.KEYRING))!;
    await alter(storage, paths.KEYRING, () => keyring);
    await rejectsWithCode(submitAll(store, shares.slice(0, 2)), "ENTRY_CORRUPT");
  });
});

describe("a damaged seal configuration", () => {
  const json = (change: object): string => {
    const config = { type: "shamir", secret_shares: 3, secret_threshold: 2, pgp_keys: null, nonce: "", backup: false };
    return JSON.stringify({ ...config, ...change });
  };

  it.each([
    ["empty", ""],
    ["cut short", json({}).slice(0, -4)],
    ["a list", "[]"],
    ["without a type", json({ type: undefined })],
    ["of an empty type", json({ type: "" })],
    ["of a type that is a number", json({ type: 7 })],
    ["without shares", json({ secret_shares: undefined })],
    ["of -1 shares", json({ secret_shares: -1 })],
    ["of 256 shares", json({ secret_shares: 256 })],
    ["of 2.5 shares", json({ secret_shares: 2.5 })],
    ["of shares as text", json({ secret_shares: "3" })],
    ["of threshold 0", json({ secret_threshold: 0 })],
    ["of a threshold above the shares", json({ secret_threshold: 4 })],
    ["of PGP keys that are no list", json({ pgp_keys: "none" })],
    ["not UTF-8", Buffer.of(0xff)],
  ])("(%s) is reported, and no share is counted", async (_, content) => {
    const { store, storage, shares } = await initializedShamir();
    await alter(storage, paths.SEAL_CONFIG, () => Buffer.from(content));
    const error = await rejectsWithCode(store.submitShare(shares[0]!), "ENTRY_CORRUPT");
    expect(error.message).toContain(paths.SEAL_CONFIG);
    const { damage, type, numbers } = await store.status();
    expect(damage).toMatchObject({ code: "ENTRY_CORRUPT" });
    expect({ type, numbers }).toEqual({ type: "shamir", numbers: { shares: 0, threshold: 0 } });
  });

  it("of the recovery key is reported and does not keep the seal from opening the store", async () => {
    const { store, storage, shares } = await initializedAuto({ shares: 3, threshold: 2 });
    await alter(storage, paths.RECOVERY_CONFIG, (entry) => entry.subarray(1));
    await rejectsWithCode(readRecoveryConfig(storage), "ENTRY_CORRUPT");
    await rejectsWithCode(store.submitShare(shares[0]!), "ENTRY_CORRUPT");
    expect(await store.status()).toMatchObject({ sealed: true, sealConfigsAltered: false });
    expect(await store.status()).not.toHaveProperty("damage");
    await store.unseal();
    expect(store.sealed).toBe(false);
    expect(await store.status()).toMatchObject({ sealConfigsAltered: true, numbers: { shares: 0, threshold: 0 } });
  });

  it("of a recovery key that an earlier seal left behind does not concern people's shares", async () => {
    const { store, storage, shares } = await initializedShamir();
    await storage.write([{ op: "put", path: paths.RECOVERY_CONFIG, value: Buffer.from("{") }]);
    expect((await store.status()).numbers).toEqual({ shares: 3, threshold: 2 });
    await submitAll(store, shares.slice(0, 2));
    expect(store.sealed).toBe(false);
  });

  it("with a lowered threshold does not open the store with fewer shares", async () => {
    const { store, storage, shares } = await initializedShamir({ shares: 5, threshold: 3 });
    await alter(storage, paths.SEAL_CONFIG, () => Buffer.from(json({ secret_shares: 5, secret_threshold: 2 })));
    await rejectsWithCode(submitAll(store, shares.slice(0, 2)), "WRONG_SHARES");
  });

  it("is accepted without what OpenBao may leave out, and with what it may add", async () => {
    const { store, storage, shares } = await initializedShamir();
    const lean = '{"type":"shamir","secret_shares":3,"secret_threshold":2,"stored_shares":1}';
    await alter(storage, paths.SEAL_CONFIG, () => Buffer.from(lean));
    await submitAll(store, shares.slice(0, 2));
    expect(store.sealed).toBe(false);
  });
});

describe("a damaged entry of data", () => {
  it("is refused at its path and nowhere else", async () => {
    const storage = openLastingStorage();
    const store = await unsealedAuto(storage);
    await store.put("a", Buffer.from("one"));
    await store.put("b", Buffer.from("two"));
    for (const damage of [
      (entry: Buffer) => entry.subarray(0, 20),
      (entry: Buffer) => flipBit(entry, 0),
      (entry: Buffer) => flipBit(entry, 38),
      (entry: Buffer) => flipBit(entry, entry.length * 8 - 1),
      () => Buffer.alloc(0),
    ]) {
      const original = (await storage.get("a"))!;
      await alter(storage, "a", damage);
      const error = await rejectsWithCode(store.get("a"), "ENTRY_CORRUPT");
      expect(error.message).toContain("the entry a ");
      expect((await store.get("b"))!.toString()).toBe("two");
      await alter(storage, "a", () => original);
    }
  });

  it.each(["flipped", '{"name":7,"id":"x"}', '{"name":"x"}', "{"])(
    "that names the cluster (%s) keeps the store sealed",
    async (how) => {
      const storage = openLastingStorage();
      const store = await unsealedAuto(storage);
      if (how === "flipped") await alter(storage, paths.CLUSTER, (entry) => flipBit(entry, 200));
      else await store.barrier.put(paths.CLUSTER, Buffer.from(how));
      await store.seal();
      const error = await rejectsWithCode(store.unseal(), "ENTRY_CORRUPT");
      expect(error.message).toContain(paths.CLUSTER);
      expect(store.sealed).toBe(true);
    },
  );
});

describe("a storage that nobody initialised", () => {
  it("is not initialised by what other programs keep in it", async () => {
    const storage = openLastingStorage();
    await storage.write([{ op: "put", path: "somebody/else", value: Buffer.from("x") }]);
    for (const store of [shamirStore(storage), autoStore(storage, await openStaticSeal())]) {
      expect(await store.status()).toMatchObject({ initialized: false, foreign: false, sealed: true });
    }
  });
});
