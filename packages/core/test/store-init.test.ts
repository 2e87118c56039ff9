// SPDX-License-Identifier: Apache-2.0
import { type InitRequest, type InitShares, paths, SealedStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { isSealError, type ShareNumbers } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { altered, failingFrom, hanging, openStaticSeal } from "./support/seals.ts";
import { fallible, openLastingStorage, snapshot } from "./support/storages.ts";
import { autoStore, initializedAuto, initializedShamir, shamirStore, submitAll } from "./support/stores.ts";

const FIVE_THREE: ShareNumbers = { shares: 5, threshold: 3 };

/** Asserts that `initialize` rejects with `code` and leaves an empty storage that can still be initialised. */
async function refusesWithoutTrace(
  store: SealedStore,
  storage: Parameters<typeof snapshot>[0],
  request: InitRequest,
  code: string,
) {
  const error = await rejectsWithCode(store.initialize(request), code);
  expect(await snapshot(storage)).toEqual({});
  expect((await store.status()).initialized).toBe(false);
  return error;
}

describe("initialising a store that people unseal", () => {
  it.each<ShareNumbers>([
    FIVE_THREE,
    { shares: 1, threshold: 1 },
    { shares: 2, threshold: 2 },
    { shares: 255, threshold: 128 },
  ])("makes the shares asked for: %o", async ({ shares: count, threshold }) => {
    const { store, shares } = await initializedShamir({ shares: count, threshold });
    expect(shares).toHaveLength(count);
    expect(new Set(shares.map((each) => each.length))).toEqual(new Set([count === 1 ? 32 : 33]));
    expect(await store.status()).toMatchObject({ initialized: true, sealed: true, type: "shamir", progress: 0 });
    await submitAll(store, shares.slice(count - threshold));
    expect(store.sealed).toBe(false);
  });

  it("writes the entries that OpenBao has, ours below sealwright/, and no share or key in plain", async () => {
    const { storage, shares } = await initializedShamir();
    const entries = await snapshot(storage);
    expect(Object.keys(entries).sort()).toEqual(
      [
        paths.CLUSTER,
        paths.KEYRING,
        paths.ROOT_KEY,
        paths.SEAL_CONFIG,
        paths.SEAL_CONFIG_COPY,
        paths.SHAMIR_KEK,
        paths.STORED_KEYS,
      ].sort(),
    );
    const key = await shamir.combine(shares.slice(0, 2));
    const all = Object.values(entries).join(" ");
    for (const secret of [key, ...shares]) expect(all).not.toContain(Buffer.from(secret).toString("hex"));
    expect(Buffer.from(entries[paths.SEAL_CONFIG]!, "hex").toString()).toBe(
      '{"type":"shamir","secret_shares":3,"secret_threshold":2,"pgp_keys":null,"nonce":"","backup":false}',
    );
  });

  const outOfRange: readonly (readonly [number, number])[] = [
    [0, 0],
    [0, 3],
    [-1, 3],
    [5, 0],
    [5, -1],
    [3, 5],
    [1, 2],
    [2, 1],
    [5, 1],
    [256, 3],
    [255, 256],
    [300, 300],
    [5.5, 3],
    [5, 2.5],
    [Number.NaN, 2],
    [3, Number.NaN],
    [Number.POSITIVE_INFINITY, 2],
  ];

  it.each(outOfRange)("refuses %d shares with threshold %d", async (shares, threshold) => {
    const storage = openLastingStorage();
    await refusesWithoutTrace(shamirStore(storage), storage, { unseal: { shares, threshold } }, "INVALID_REQUEST");
  });

  it.each(outOfRange)(
    "refuses %d recovery shares with threshold %d, without asking the seal",
    async (shares, threshold) => {
      const storage = openLastingStorage();
      const store = autoStore(storage, failingFrom(await openStaticSeal(), 1, "SEAL_UNAVAILABLE"));
      await refusesWithoutTrace(store, storage, { recovery: { shares, threshold } }, "INVALID_REQUEST");
    },
  );

  it.each<InitRequest>([{}, { recovery: FIVE_THREE }, { unseal: FIVE_THREE, recovery: FIVE_THREE }])(
    "refuses a request that has no unseal shares or has recovery shares: %o",
    async (request) => {
      const storage = openLastingStorage();
      await refusesWithoutTrace(shamirStore(storage), storage, request, "INVALID_REQUEST");
    },
  );

  it("refuses a second time, and the first shares stay good", async () => {
    const { store, storage, shares } = await initializedShamir();
    const before = await snapshot(storage);
    await rejectsWithCode(store.initialize({ unseal: FIVE_THREE }), "ALREADY_INITIALIZED");
    await rejectsWithCode(shamirStore(storage).initialize({ unseal: FIVE_THREE }), "ALREADY_INITIALIZED");
    expect(await snapshot(storage)).toEqual(before);
    await submitAll(store, shares.slice(0, 2));
    expect(store.sealed).toBe(false);
    await rejectsWithCode(store.initialize({ unseal: FIVE_THREE }), "ALREADY_INITIALIZED");
  });

  it("lets exactly one of many that come at once succeed, and its shares open the store", async () => {
    const store = shamirStore(openLastingStorage());
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => store.initialize({ unseal: FIVE_THREE })));
    const [done, ...more] = all.filter((each) => each.status === "fulfilled");
    expect(more).toEqual([]);
    const codes = all
      .filter((each) => each.status === "rejected")
      .map(({ reason }) => (reason as { code: string }).code);
    expect(codes).toEqual(Array(4).fill("ALREADY_INITIALIZED"));
    await submitAll(store, done!.value.unseal.slice(0, 3));
    expect(store.sealed).toBe(false);
  });

  it("refuses a plugin whose shares do not give the key back", async () => {
    const storage = openLastingStorage();
    const split: typeof shamir.split = async (key, numbers) => {
      const shares = await shamir.split(key, numbers);
      shares.at(-1)![0]! ^= 1;
      return shares;
    };
    const store = new SealedStore({ storage, shares: { ...shamir, split } });
    await refusesWithoutTrace(store, storage, { unseal: FIVE_THREE }, "SEAL_CONFIG");
  });

  it("leaves no trace where the storage refuses the batch, wipes the shares, and works when it recovers", async () => {
    const storage = fallible(openLastingStorage());
    const store = shamirStore(storage);
    let lent: InitShares["unseal"] = [];
    storage.full = true;
    const beforeCommit = async (shares: InitShares) => {
      lent = shares.unseal;
      return [];
    };
    await refusesWithoutTrace(store, storage, { unseal: FIVE_THREE, beforeCommit }, "STORAGE_FAILED");
    expect(lent).toEqual(Array(5).fill(new Uint8Array(33)));
    storage.full = false;
    await store.initialize({ unseal: FIVE_THREE });
  });
});

describe("initialising a store that a seal unseals", () => {
  it("makes recovery shares and seals a recovery key where they are asked for", async () => {
    const { store, storage, shares } = await initializedAuto(FIVE_THREE);
    expect(shares).toHaveLength(5);
    expect(await store.status()).toMatchObject({ type: "static", recoveryType: "shamir", numbers: FIVE_THREE });
    expect(Object.keys(await snapshot(storage))).toContain(paths.RECOVERY_KEY);
  });

  it("makes none where none are asked for", async () => {
    const { store, storage, shares } = await initializedAuto();
    expect(shares).toEqual([]);
    expect((await store.status()).numbers).toEqual({ shares: 0, threshold: 0 });
    const entries = await snapshot(storage);
    expect(Object.keys(entries)).not.toContain(paths.RECOVERY_KEY);
    expect(Object.keys(entries)).not.toContain(paths.SHAMIR_KEK);
  });

  it("refuses unseal shares", async () => {
    const storage = openLastingStorage();
    const store = autoStore(storage, await openStaticSeal());
    await refusesWithoutTrace(store, storage, { unseal: FIVE_THREE, recovery: FIVE_THREE }, "INVALID_REQUEST");
  });

  it.each([1, 2, 3, 4])("leaves no trace where call %d to the seal fails, and works when it recovers", async (nth) => {
    const storage = openLastingStorage();
    const failing = autoStore(storage, failingFrom(await openStaticSeal(), nth, "SEAL_UNAVAILABLE"));
    await refusesWithoutTrace(failing, storage, { recovery: FIVE_THREE }, "SEAL_UNAVAILABLE");
    const store = autoStore(storage, await openStaticSeal());
    await store.initialize({ recovery: FIVE_THREE });
    await store.unseal();
    expect(store.sealed).toBe(false);
  });

  it("asks the seal four times and no more: the proof, the root key, the recovery key", async () => {
    const store = autoStore(openLastingStorage(), failingFrom(await openStaticSeal(), 5, "SEAL_UNAVAILABLE"));
    expect((await store.initialize({ recovery: FIVE_THREE })).recovery).toHaveLength(5);
  });

  it.each(["SEAL_DENIED", "SEAL_KEY_DISABLED", "SEAL_KEY_MISSING"] as const)(
    "leaves no trace where the seal wraps and its unwrap is refused with %s",
    async (code) => {
      const storage = openLastingStorage();
      const seal = await openStaticSeal();
      const half = altered(seal, { unwrap: failingFrom(seal, 1, code).unwrap });
      await refusesWithoutTrace(autoStore(storage, half), storage, {}, code);
    },
  );

  it("calls a seal that cannot unwrap its own blobs misconfigured, not the blob altered", async () => {
    const storage = openLastingStorage();
    const seal = await openStaticSeal(1);
    const other = await openStaticSeal(2);
    const mixed = altered(seal, { unwrap: (blob) => other.unwrap(blob) });
    const error = await refusesWithoutTrace(autoStore(storage, mixed), storage, {}, "SEAL_CONFIG");
    expect(isSealError(error.cause, "SEAL_BAD_CIPHERTEXT")).toBe(true);
  });

  it.each([
    ["other bytes", () => new Uint8Array(48).fill(1)],
    ["fewer bytes", () => new Uint8Array(47)],
    ["no bytes", () => new Uint8Array(0)],
  ])("leaves no trace where unwrap answers %s", async (_, answer) => {
    const storage = openLastingStorage();
    const store = autoStore(storage, altered(await openStaticSeal(), { unwrap: async () => answer() }));
    await refusesWithoutTrace(store, storage, { recovery: FIVE_THREE }, "SEAL_CONFIG");
  });

  it("leaves no trace where it is abandoned while the seal hangs, by the caller or by closing", async () => {
    for (const abandon of [
      (_: SealedStore, caller: AbortController) => caller.abort(),
      (store: SealedStore) => void store.close(),
    ]) {
      const storage = openLastingStorage();
      const { seal, asked } = hanging(await openStaticSeal());
      const store = autoStore(storage, seal);
      const caller = new AbortController();
      const refusal = rejectsWithCode(store.initialize({ signal: caller.signal }), "SEAL_TIMEOUT");
      await asked;
      abandon(store, caller);
      await refusal;
      expect(await snapshot(storage)).toEqual({});
    }
  });
});

describe("what is written together with an initialisation", () => {
  it("is readable afterwards, and its encryptions are in the count on disk", async () => {
    const storage = openLastingStorage();
    const store = autoStore(storage, await openStaticSeal());
    const token = { op: "put", path: "sealwright/token/root", value: Buffer.from("hash") } as const;
    await store.initialize({ beforeCommit: async () => [token] });
    await store.unseal();
    expect((await store.get(token.path))!.toString()).toBe("hash");
    // The root key for standbys, the cluster, the copy of the configurations, the token, the ceiling.
    expect(store.barrier.keyStatus).toMatchObject({ term: 1, encryptions: 5n });
  });

  it("leaves no trace where it cannot be made, and the shares are wiped", async () => {
    const storage = openLastingStorage();
    const store = shamirStore(storage);
    let lent: InitShares["unseal"] = [];
    const request: InitRequest = {
      unseal: FIVE_THREE,
      beforeCommit: async (shares) => {
        lent = shares.unseal;
        throw new Error("the PGP key cannot encrypt");
      },
    };
    await expect(store.initialize(request)).rejects.toThrow("PGP");
    expect(await snapshot(storage)).toEqual({});
    expect(lent).toEqual(Array(5).fill(new Uint8Array(33)));
  });

  it("leaves no trace where its path breaks the path rule", async () => {
    const storage = openLastingStorage();
    const entry = { op: "put", path: "a/../b", value: Buffer.from("x") } as const;
    const request: InitRequest = { unseal: FIVE_THREE, beforeCommit: async () => [entry] };
    await refusesWithoutTrace(shamirStore(storage), storage, request, "STORAGE_PATH");
  });
});
