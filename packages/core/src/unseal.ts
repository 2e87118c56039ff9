// SPDX-License-Identifier: Apache-2.0
/** Opening a storage by a quorum of shares, or with their leave. */
import type { KeyObject } from "node:crypto";
import { KEY_BYTES, type Seal, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import type { Barrier } from "./barrier.ts";
import { openBarrier } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { STORED_KEYS } from "./paths.ts";
import { layerReader } from "./seal-wrap/entry-layer.ts";
import type { OpenedBySeal } from "./seals/open-by-seals.ts";
import { isRecoveryKey } from "./seals/recovery-key.ts";
import { readRootKeyOf } from "./seals/root-key-entry.ts";
import type { Storage } from "./storage.ts";

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

/** Which seal of shares is opened. */
export interface SharesPlace {
  readonly name: string;
  /** Where it keeps the root key. */
  readonly path: string;
  /** Of that root key, where that is told. */
  readonly generation: number;
}

/** Opens the storage by a quorum of unseal shares (borrowed), or of another seal of shares. Throws `WRONG_SHARES`. */
export async function openByShares(
  storage: Storage,
  plugin: SharesSealPlugin,
  shares: readonly Uint8Array[],
  place: SharesPlace = { name: plugin.type, path: STORED_KEYS, generation: 0 },
): Promise<Barrier> {
  const key = await combineShares(plugin, shares);
  const seal = plugin.open(key);
  key.fill(0);
  try {
    return await openBarrier(
      storage,
      await proven(readRootKeyOf(storage, { ...place, seal })),
      layerReader([seal], storage),
    );
  } finally {
    await seal.close();
  }
}

/** The root key; `WRONG_SHARES` where `reading` it ends with `WRONG_SEAL`. */
async function proven(reading: Promise<KeyObject>): Promise<KeyObject> {
  try {
    return await reading;
  } catch (cause) {
    // Any quorum gives some key: that it does not open the root key is all there is to see of a wrong share.
    if (cause instanceof CoreError && cause.code === "WRONG_SEAL") throw wrongShares(cause);
    throw cause;
  }
}

/** Throws `WRONG_SHARES`, and locks `opened`, unless a quorum of recovery `shares` (borrowed) allows that it was opened. */
export async function allowByRecoveryShares(
  storage: Storage,
  { barrier }: OpenedBySeal,
  seal: Seal | undefined,
  plugin: SharesSealPlugin,
  shares: readonly Uint8Array[],
): Promise<void> {
  const candidate = await combineShares(plugin, shares);
  try {
    if (!(await isRecoveryKey({ storage, barrier }, seal, candidate))) throw wrongShares();
  } catch (error) {
    barrier.lock();
    throw error;
  } finally {
    candidate.fill(0);
  }
}
