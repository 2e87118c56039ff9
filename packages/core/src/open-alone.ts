// SPDX-License-Identifier: Apache-2.0
/** Opening a storage for one piece of work, without a store around it: offline commands. */
import type { SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "./authority.ts";
import { isForeign } from "./inventory.ts";
import { layerOf } from "./seal-wrap/entry-layer.ts";
import type { AttachedSeal } from "./seals/attached-seal.ts";
import { openBySeals } from "./seals/open-by-seals.ts";
import { listOutstanding } from "./seals/outstanding.ts";
import type { Reach } from "./seals/reach.ts";
import { recordOfShares } from "./seals/seal-record.ts";
import { SealRoster } from "./seals/seal-roster.ts";
import { SealSet } from "./seals/seal-set.ts";
import type { SealView } from "./seals/seal-view.ts";
import {
  checkConfigured,
  impliedRecord,
  readStoredSeals,
  type StoredSeals,
  sharesPlace,
  slotsOf,
} from "./seals/which-seals.ts";
import type { Storage } from "./storage.ts";
import { HEAD_START_MS, SEAL_DEADLINE_MS } from "./store-options.ts";
import { openByShares } from "./unseal.ts";
import type { OpenedBarrier } from "./unsealed.ts";

/** What is opened, and by what. */
export interface AloneOptions {
  readonly storage: Storage;
  /** Lent. */
  readonly seals: readonly AttachedSeal[];
  readonly plugin: SharesSealPlugin;
  /** A quorum of unseal shares (lent), where people open the storage; or of the seal of shares that `sharesOf` names. */
  readonly unsealShares?: readonly Uint8Array[];
  readonly sharesOf?: string;
}

async function openBy(
  { storage, plugin, unsealShares, sharesOf }: AloneOptions,
  set: SealSet,
  stored: StoredSeals,
  signal: AbortSignal,
): Promise<OpenedBarrier> {
  if (unsealShares !== undefined) {
    const place = sharesOf === undefined ? undefined : sharesPlace(stored, sharesOf);
    const barrier = await openByShares(storage, plugin, unsealShares, place);
    return { barrier, implied: stored.record ?? recordOfShares(plugin) };
  }
  checkConfigured(stored, set, plugin);
  const { barrier, name } = await openBySeals(storage, slotsOf(stored, set), HEAD_START_MS, signal);
  return { barrier, implied: stored.record ?? impliedRecord(stored, name, plugin) };
}

/**
 * Opens a storage by its seals, or by `unsealShares`; its keyring keeps the layer that it has now. The caller ends it with
 * `closeAlone`. Rejects as unsealing does.
 */
export async function openAlone(options: AloneOptions): Promise<OpenStore> {
  const { storage, plugin } = options;
  const set = new SealSet(options.seals);
  const { signal } = new AbortController();
  const asking = { deadlineMilliseconds: SEAL_DEADLINE_MS, idleReason: (name: string) => set.idleReason(name) };
  const stored = await readStoredSeals(storage, set, plugin);
  const { barrier, implied } = await openBy(options, set, stored, signal);
  const roster = await SealRoster.open(set, plugin, implied, barrier);
  const layer = await layerOf(storage);
  const layerFor = (view: SealView, reach?: Reach) =>
    layer({ view: () => view, outstanding: () => listOutstanding(storage), asking, ...(reach && { reach }) }).wrap;
  return {
    storage,
    barrier,
    roster,
    quorum: roster.quorum,
    plugin,
    asking,
    layerFor,
    wrapKeyring: layerFor(roster.view),
    foreign: await isForeign(storage),
    now: new Date().toISOString(),
    signal,
  };
}

/** Forgets all keys. The storage and the seals stay open. */
export async function closeAlone({ barrier, roster }: OpenStore): Promise<void> {
  barrier.lock();
  await roster.close();
}
