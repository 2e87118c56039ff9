// SPDX-License-Identifier: Apache-2.0
import type { OpenStore } from "../authority.ts";
import { type Companions, replaceKeyring } from "../commit.ts";
import { addTerm, newKey, withRootKey } from "../keyring.ts";
import { recordChanges, type SealRecord } from "./seal-record.ts";
import type { SealView } from "./seal-view.ts";
import { type OneSealLeft, wrapRootKey } from "./wrap-root-key.ts";

/** How the root key is replaced. */
export interface Replacement {
  /** The seals that are to have the new root key. Its generation is the new one's. */
  readonly view: SealView;
  readonly term: "keep" | "add";
  readonly oneSealLeft: OneSealLeft;
  readonly companions?: Companions;
}

/** `record` as it is once there is a new root key. Where there is no record, there is none to be kept. */
export function nextGeneration(record: SealRecord): SealRecord {
  return record.generation === 0 ? record : { ...record, generation: record.generation + 1 };
}

/**
 * Makes a root key, gives it to the seals, and re-encrypts the keyring under it: one batch with `companions`, then
 * memory. Rejects as `wrapRootKey` does; nothing has changed then.
 */
export async function replaceRootKey(open: OpenStore, replacement: Replacement): Promise<void> {
  const { barrier, now, signal, asking, roster } = open;
  const { view, term, oneSealLeft, companions = {} } = replacement;
  const rootKey = newKey();
  const wrapped = await wrapRootKey(view, rootKey, { ...asking, signal }, oneSealLeft);
  const kept = withRootKey(barrier.keyring, rootKey);
  const next = term === "add" ? addTerm(kept, now) : kept;
  const record = view.record.generation === 0 ? undefined : recordChanges(view.record);
  await replaceKeyring({ ...open, wrapKeyring: open.layerFor(view) }, next, {
    plain: [...(companions.plain ?? []), ...(record === undefined ? [] : [record.plain])],
    raw: [...wrapped, ...(companions.raw ?? []), ...(record === undefined ? [] : [record.raw])],
  });
  await roster.commit(view.record, barrier);
}
