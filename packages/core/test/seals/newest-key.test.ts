// SPDX-License-Identifier: Apache-2.0
/** Seals whose keys have newer versions, and seals whose priorities have changed. */
import { paths, SealedStore, type Storage } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticPlugin } from "@sealwright/plugin-static";
import { decodeBlob, type Seal, SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it, vi } from "vitest";
import { observed } from "../support/observed.ts";
import { altered } from "../support/seals.ts";
import { openLastingStorage, snapshot } from "../support/storages.ts";
import { Kms, openedOf, opens, rootKeyOf, storeOf, TWO_OF_THREE } from "./support.ts";

/** A static seal of two keys: it wraps by `current`, and unwraps what the one before wrapped. */
function versioned(current: number): Promise<Seal> {
  const key = (version: number) => new Uint8Array(32).fill(version);
  const config = {
    current_key: key(current),
    current_key_id: `v${current}`,
    previous_key: key(current - 1),
    previous_key_id: `v${current - 1}`,
  };
  return staticPlugin.open(config, { log: () => {} });
}

async function keyIds(storage: Storage, ...names: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(names.map(async (path) => decodeBlob((await storage.get(path))!).keyInfo?.keyId));
}

/** An open store that was initialised under the second version of a key and has the third now, beside `kms`. */
async function behind(kms?: Kms, third: (seal: Seal) => Seal = (seal) => seal) {
  const storage = openLastingStorage();
  const others = kms === undefined ? [] : [await kms.attached(2)];
  const attached = (seal: Seal) => ({ name: "k", priority: 1, state: "enabled" as const, seal });
  const old = new SealedStore({ storage, shares: shamir, seals: [attached(await versioned(2)), ...others] });
  await old.initialize({ recovery: TWO_OF_THREE });
  await old.close();
  const told = observed();
  const seals = [attached(third(await versioned(3))), ...others];
  const store = new SealedStore({ storage, shares: shamir, seals, observer: told });
  await store.unseal();
  return { storage, store, told };
}

describe("a seal whose key has a newer version", () => {
  it.each([
    ["alone", undefined],
    ["beside another", new Kms("b")],
  ] as const)("%s gets root key and recovery key moved to it, and that is told", async (_, kms) => {
    const { storage, store, told } = await behind(kms);
    expect(await store.seals.prove("k")).toMatchObject({ stored: { keyId: "v2" }, present: { keyId: "v3" } });
    expect(await store.seals.rewrapRootKey("k")).toEqual(
      [paths.STORED_KEYS, paths.RECOVERY_KEY].map((path) => ({ seal: "k", path, from: "v2", to: "v3" })),
    );
    expect(await keyIds(storage, paths.STORED_KEYS, paths.RECOVERY_KEY)).toEqual(["v3", "v3"]);
    expect(told.moved).toHaveLength(2);
    await store.seal();
    await store.unseal();
    expect(store.sealed).toBe(false);
    expect(await store.seals.rewrapRootKey()).toEqual([]);
  });

  it("is moved to by an operator's rewrap too", async () => {
    const { storage, store } = await behind();
    await store.rewrap.start();
    await vi.waitFor(() => expect(store.rewrap.status.running).toBe(false));
    expect(await keyIds(storage, paths.STORED_KEYS, paths.RECOVERY_KEY)).toEqual(["v3", "v3"]);
  });

  it("does not get half of it where the seal fails in between", async () => {
    let wraps = 0;
    const failing = (seal: Seal): Seal =>
      altered(seal, {
        async wrap(plaintext, call) {
          if (++wraps === 3) throw new SealError("SEAL_THROTTLED", "too many");
          return seal.wrap(plaintext, call);
        },
      });
    const { storage, store } = await behind(undefined, failing);
    const before = await snapshot(storage);
    await rejectsWithCode(store.seals.rewrapRootKey(), "SEAL_THROTTLED");
    expect(await snapshot(storage)).toEqual(before);
    expect(await store.seals.rewrapRootKey()).toHaveLength(2);
  });

  it("is refused for a seal that there is not, and while the store is sealed", async () => {
    const { store } = await behind();
    await rejectsWithCode(store.seals.rewrapRootKey("nobody"), "INVALID_REQUEST");
    await store.seal();
    await rejectsWithCode(store.seals.rewrapRootKey(), "SEALED");
  });
});

describe("priorities that have changed", () => {
  const kms = () => [new Kms("a"), new Kms("b")] as const;

  it("make another seal the first after the next unseal, as OpenBao needs it", async () => {
    const [a, b] = kms();
    const { storage, store: old, shares } = await openedOf([a, b]);
    await old.close();
    const { store } = await storeOf([b, a], { storage });
    await store.unseal();
    await store.seals.deliverOutstanding();
    expect(await keyIds(storage, paths.STORED_KEYS, paths.RECOVERY_KEY, rootKeyOf("a"))).toEqual(["b", "b", "a"]);
    expect(await storage.get(rootKeyOf("b"))).toBeUndefined();
    await store.seal();
    for (const share of shares.slice(0, 2)) await store.submitShare(share);
    expect(store.sealed).toBe(false);
    for (const each of [a, b]) expect(await opens(storage, each)).toBe(true);
  });

  it("change nothing while the new first seal is down", async () => {
    const [a, b] = kms();
    const { storage, store: old } = await openedOf([a, b]);
    await old.close();
    b.mood = "down";
    const { store } = await storeOf([b, a], { storage });
    await store.unseal();
    await store.seals.deliverOutstanding();
    expect(await keyIds(storage, paths.STORED_KEYS, rootKeyOf("b"))).toEqual(["a", "b"]);
  });

  it("change nothing while a migration is under way", async () => {
    const [a, b] = kms();
    const { storage, store } = await openedOf([a]);
    store.seals.attach(await b.attached(2));
    await store.seals.migrate("b");
    await store.seals.deliverOutstanding();
    expect(await keyIds(storage, paths.STORED_KEYS)).toEqual(["b"]);
  });
});
