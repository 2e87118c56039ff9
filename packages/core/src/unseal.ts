// SPDX-License-Identifier: Apache-2.0
/** Opening a storage: by an auto seal alone, or by a quorum of shares. */
import { KEY_BYTES, type Seal, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import type { Barrier } from "./barrier.ts";
import { openBarrier } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { isInitialized, readSealConfig } from "./inventory.ts";
import { layerReader } from "./seal-wrap/entry-layer.ts";
import type { Storage } from "./storage.ts";
import { isRecoveryKey, readRootKey } from "./stored-keys.ts";

/** Throws `NOT_INITIALIZED`, or `WRONG_SEAL` where the storage was initialised with a seal of another type. */
export async function checkConfigured(storage: Storage, configured: { readonly type: string }): Promise<void> {
  if (!(await isInitialized(storage))) throw new CoreError("NOT_INITIALIZED", "Vault is not initialized");
  const stored = (await readSealConfig(storage))?.type;
  if (stored === configured.type) return;
  throw new CoreError(
    "WRONG_SEAL",
    `this storage was initialised with a ${stored} seal, and the configuration has a ${configured.type} seal`,
  );
}

/**
 * Opens the storage by the auto seal `seal`: one unwrap, which is the proof, and one more where the keyring is
 * seal-wrapped. Throws `WRONG_SEAL` when the seal's key is another.
 */
export async function openBySeal(storage: Storage, seal: Seal, signal?: AbortSignal): Promise<Barrier> {
  const rootKey = await readRootKey(storage, seal, signal);
  const removeLayer = layerReader(seal);
  return openBarrier(storage, rootKey, (path, stored) => removeLayer(path, stored, signal));
}

/** Throws `INVALID_SHARE` unless `share` has the length of a share of these numbers. */
export function checkShare(share: Uint8Array, numbers: ShareNumbers): void {
  const expected = numbers.shares === 1 ? KEY_BYTES : KEY_BYTES + 1;
  if (share.length === expected) return;
  const fault = share.length < expected ? "shorter" : "longer";
  throw new CoreError(
    "INVALID_SHARE",
    `key is ${fault} than the ${expected} bytes of a share of this seal: it has ${share.length}`,
  );
}

/** The refusal of a quorum that is not one. */
export function wrongShares(cause?: unknown): CoreError {
  return new CoreError(
    "WRONG_SHARES",
    "invalid key: these shares do not open the storage; at least one is not of the current set, or was mistyped. " +
      "None of them was kept: give all shares again",
    { cause },
  );
}

/** What a quorum of `shares` (borrowed) comes to; the caller wipes it. Throws `WRONG_SHARES`. */
export async function combineShares(plugin: SharesSealPlugin, shares: readonly Uint8Array[]): Promise<Uint8Array> {
  try {
    return await plugin.combine(shares);
  } catch (cause) {
    throw wrongShares(cause);
  }
}

/** Opens the storage by a quorum of unseal shares (borrowed). Throws `WRONG_SHARES`. */
export async function openByShares(
  storage: Storage,
  plugin: SharesSealPlugin,
  shares: readonly Uint8Array[],
): Promise<Barrier> {
  const key = await combineShares(plugin, shares);
  const seal = plugin.open(key);
  key.fill(0);
  try {
    return await openBarrier(storage, await proven(readRootKey(storage, seal)), layerReader(undefined));
  } finally {
    await seal.close();
  }
}

/** The root key; `WRONG_SHARES` where `reading` it ends with `WRONG_SEAL`. */
async function proven(reading: ReturnType<typeof readRootKey>): ReturnType<typeof readRootKey> {
  try {
    return await reading;
  } catch (cause) {
    // Any quorum gives some key: that it does not open the root key is all there is to see of a wrong share.
    if (cause instanceof CoreError && cause.code === "WRONG_SEAL") throw wrongShares(cause);
    throw cause;
  }
}

/** Opens the storage by its auto seal after a quorum of recovery shares (borrowed) allowed it. Throws `WRONG_SHARES`. */
export async function openByRecoveryShares(
  storage: Storage,
  seal: Seal,
  plugin: SharesSealPlugin,
  shares: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<Barrier> {
  const candidate = await combineShares(plugin, shares);
  try {
    if (!(await isRecoveryKey(storage, seal, candidate, signal))) throw wrongShares();
  } finally {
    candidate.fill(0);
  }
  return openBySeal(storage, seal, signal);
}
