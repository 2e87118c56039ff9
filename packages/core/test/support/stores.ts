// SPDX-License-Identifier: Apache-2.0
/** Stores for tests, opened on a given storage. */
import { type InitShares, SealedStore, type Storage, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import type { Seal, ShareNumbers } from "@sealwright/seal";
import { openStaticSeal } from "./seals.ts";
import { openLastingStorage } from "./storages.ts";

/** A store that people unseal. */
export function shamirStore(storage: Storage): SealedStore {
  return new SealedStore({ storage, shares: shamir });
}

/** A store that `seal` unseals. */
export function autoStore(storage: Storage, seal: Seal): SealedStore {
  return new SealedStore({ storage, shares: shamir, seals: soleSeal(seal) });
}

/** An initialised, sealed Shamir store with its shares. */
export async function initializedShamir(
  numbers: ShareNumbers = { shares: 3, threshold: 2 },
  storage: Storage = openLastingStorage(),
): Promise<{ store: SealedStore; storage: Storage; shares: InitShares["unseal"] }> {
  const store = shamirStore(storage);
  const { unseal } = await store.initialize({ unseal: numbers });
  return { store, storage, shares: unseal };
}

/** An initialised, sealed auto-unseal store with its recovery shares. */
export async function initializedAuto(
  recovery?: ShareNumbers,
  storage: Storage = openLastingStorage(),
): Promise<{ store: SealedStore; storage: Storage; shares: InitShares["recovery"] }> {
  const store = autoStore(storage, await openStaticSeal());
  const shares = await store.initialize(recovery === undefined ? {} : { recovery });
  return { store, storage, shares: shares.recovery };
}

/** Submits shares one after another. */
export async function submitAll(store: SealedStore, shares: readonly Uint8Array[]): Promise<void> {
  for (const share of shares) await store.submitShare(share);
}

/** An unsealed auto-unseal store. */
export async function unsealedAuto(storage: Storage = openLastingStorage()): Promise<SealedStore> {
  const { store } = await initializedAuto(undefined, storage);
  await store.unseal();
  return store;
}
