// SPDX-License-Identifier: Apache-2.0
/** Opening a storage: by an auto seal alone, or by a quorum of shares. */
import {
  decodeBlob,
  KEY_BYTES,
  type Seal,
  SealError,
  type ShareNumbers,
  type SharesSealPlugin,
} from "@sealwright/seal";
import type { Barrier } from "./barrier.ts";
import { openBarrier } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { STORED_KEYS } from "./paths.ts";
import type { Storage } from "./storage.ts";
import { isRecoveryKey, unsealRootKey } from "./stored-keys.ts";

async function storedKeys(storage: Storage): Promise<Uint8Array> {
  const entry = await storage.get(STORED_KEYS);
  if (entry === undefined) throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${STORED_KEYS}`);
  return entry;
}

/** Opens the storage by `seal`: one unwrap, which is the proof. Throws `WRONG_SEAL` when the seal's key is another. */
export async function openBySeal(storage: Storage, seal: Seal, signal?: AbortSignal): Promise<Barrier> {
  const entry = await storedKeys(storage);
  try {
    return await openBarrier(storage, await unsealRootKey(seal, entry, signal));
  } catch (cause) {
    if (!(cause instanceof SealError) || cause.code !== "SEAL_BAD_CIPHERTEXT") throw cause;
    const keyId = decodeBlob(entry).keyInfo?.keyId;
    const wrappedWith = keyId ? `; its root key was wrapped with the key ${JSON.stringify(keyId)}` : "";
    throw new CoreError("WRONG_SEAL", `the ${seal.type} seal does not open this storage${wrappedWith}`, { cause });
  }
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

function wrongShares(cause: unknown): CoreError {
  return new CoreError(
    "WRONG_SHARES",
    "invalid key: these shares do not open the storage; at least one is not of the current set, or was mistyped. " +
      "Progress is back at 0: submit all shares again",
    { cause },
  );
}

async function combine(plugin: SharesSealPlugin, shares: readonly Uint8Array[]): Promise<Uint8Array> {
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
  const key = await combine(plugin, shares);
  try {
    const seal = plugin.open(key);
    try {
      return await openBarrier(storage, await unsealRootKey(seal, await storedKeys(storage)));
    } catch (cause) {
      if (cause instanceof SealError) throw wrongShares(cause);
      throw cause;
    } finally {
      await seal.close();
    }
  } finally {
    key.fill(0);
  }
}

/** Opens the storage by its auto seal after a quorum of recovery shares (borrowed) allowed it. */
export async function openByRecoveryShares(
  storage: Storage,
  seal: Seal,
  plugin: SharesSealPlugin,
  shares: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<Barrier> {
  const candidate = await combine(plugin, shares);
  try {
    if (!(await isRecoveryKey(storage, seal, candidate, signal))) throw wrongShares(undefined);
    return await openBySeal(storage, seal, signal);
  } finally {
    candidate.fill(0);
  }
}
