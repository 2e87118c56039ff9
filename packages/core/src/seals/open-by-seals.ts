// SPDX-License-Identifier: Apache-2.0
import type { Barrier } from "../barrier.ts";
import { openBarrier } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { layerReader } from "../seal-wrap/entry-layer.ts";
import type { Storage } from "../storage.ts";
import { keyIdAt } from "../stored-keys.ts";
import { refusalOf } from "./ask-all.ts";
import { race } from "./open-race.ts";
import { readRootKeyOf, type Slot } from "./root-key-entry.ts";

/** A barrier, and which seal opened it. */
export interface OpenedBySeal {
  readonly barrier: Barrier;
  readonly name: string;
}

/**
 * Opens the storage by whichever of `slots` does so first, the best first: one unwrap, and one more where the keyring is
 * seal-wrapped. That the keyring opens is the proof. Rejects with the seal's failure, or with all of them as
 * `NO_SEAL_ANSWERS`; `onFailure` hears of each failure.
 */
export async function openBySeals(
  storage: Storage,
  slots: readonly Slot[],
  headStartMilliseconds: number,
  signal: AbortSignal,
  onFailure?: (name: string, error: unknown) => void,
): Promise<OpenedBySeal> {
  const failed = new Map<string, unknown>();
  const contenders = slots.map((slot) => ({
    name: slot.name,
    run: (limit: AbortSignal) => openBySlot(storage, slot, limit),
  }));
  const winner = await race(contenders, {
    headStartMilliseconds,
    signal,
    onFailure: (name, error) => {
      failed.set(name, error);
      onFailure?.(name, error);
    },
    drop: (late) => void late.lock(),
  });
  if (winner === undefined) throw refusalOf(failed, "no seal opens the storage");
  return { barrier: winner.value, name: winner.name };
}

async function openBySlot(storage: Storage, slot: Slot, signal: AbortSignal): Promise<Barrier> {
  const rootKey = await readRootKeyOf(storage, slot, signal);
  // What wrapped the root key has wrapped the keyring too, unless the key was replaced in between.
  const removeLayer = layerReader([slot.seal], storage, await keyIdAt(storage, slot.path));
  return openBarrier(storage, rootKey, (path, stored) => removeLayer(path, stored, signal));
}

/** Whether a seal has answered, and what it answered does not open the storage. */
export function isWrongAnswer(error: unknown): boolean {
  return error instanceof CoreError && (error.code === "WRONG_SEAL" || error.code === "ENTRY_CORRUPT");
}
