// SPDX-License-Identifier: Apache-2.0
import { timingSafeEqual } from "node:crypto";
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import type { Change } from "../storage.ts";
import { combineShares } from "../unseal.ts";
import type { RekeyRequest } from "./request.ts";
import type { NewKey, RekeyCommit } from "./target.ts";

/** A new key that waits to be put in force, and what goes into the batch with it. */
export interface PendingKey {
  readonly made: NewKey;
  readonly entries: readonly Change[];
}

/** Wipes the shares, once they are on their way to their holders. */
export function wipeShares({ shares }: NewKey): void {
  for (const share of shares) share.fill(0);
}

/** Wipes the key and its shares. */
export function wipe(made: NewKey): void {
  made.key?.fill(0);
  wipeShares(made);
}

/** Throws `WRONG_SHARES` unless a threshold of `shares` (borrowed) gives the new key. */
export async function proveNewShares(
  { plugin }: OpenStore,
  { key }: NewKey,
  shares: readonly Uint8Array[],
): Promise<void> {
  const proved = await combineShares(plugin, shares);
  try {
    if (key !== undefined && proved.length === key.length && timingSafeEqual(proved, key)) return;
    throw new CoreError("WRONG_SHARES", "rekey verification failed; incorrect key shares supplied");
  } finally {
    proved.fill(0);
  }
}

/** How `pending` is put in force, as `request` asks for it. */
export function commitOf(
  { entries }: PendingKey,
  { term, oneSealLeft = "refuse" }: Pick<RekeyRequest<unknown, unknown>, "term" | "oneSealLeft">,
): RekeyCommit {
  return { entries, term, oneSealLeft };
}
