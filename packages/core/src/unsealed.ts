// SPDX-License-Identifier: Apache-2.0
/** The open half of a store, from the moment that its barrier opens. */
import type { SharesSealPlugin } from "@sealwright/seal";
import type { Barrier } from "./barrier.ts";
import { type Cluster, readCluster } from "./cluster.ts";
import { isForeign } from "./inventory.ts";
import { UPGRADES } from "./paths.ts";
import { readOnly } from "./read-only.ts";
import type { SealRecord } from "./seals/seal-record.ts";
import { SealRoster } from "./seals/seal-roster.ts";
import type { SealSet } from "./seals/seal-set.ts";
import { type Storage, StorageError } from "./storage.ts";

/** A barrier, and what is known of the seals of its storage from opening it. */
export interface OpenedBarrier {
  readonly barrier: Barrier;
  /** The seals that are meant where the storage has no record of them. */
  readonly implied: SealRecord;
}

/** Opens a storage's barrier, by a seal or by shares. */
export type OpenBarrier = (storage: Storage) => Promise<OpenedBarrier>;

/** What there is while a store is open. */
export interface Unsealed {
  readonly barrier: Barrier;
  readonly roster: SealRoster;
  /** What the barrier writes to: refuses every batch where the storage is foreign. */
  readonly storage: Storage;
  readonly cluster: Cluster | undefined;
  readonly foreign: boolean;
}

/** Opens `storage` by `openBarrier`, and makes it ready to be written unless it is foreign. */
export async function openUnsealed(
  storage: Storage,
  set: SealSet,
  plugin: SharesSealPlugin,
  openBarrier: OpenBarrier,
): Promise<Unsealed> {
  const foreign = await isForeign(storage);
  const guarded = foreign ? readOnly(storage) : storage;
  const { barrier, implied } = await openBarrier(guarded);
  const cluster = await readCluster(barrier);
  const roster = await SealRoster.open(set, plugin, implied, barrier);
  if (!foreign) await makeReady(guarded, barrier);
  return { barrier, roster, storage: guarded, cluster, foreign };
}

/** Puts the ceiling of the encryption count in force, and deletes keys for standbys that nobody fetches any more. */
async function makeReady(storage: Storage, barrier: Barrier): Promise<void> {
  try {
    await barrier.prepareKey();
    const upgrades = await storage.list(UPGRADES);
    if (upgrades.length === 0) return;
    await storage.write(upgrades.map((name) => ({ op: "delete", path: UPGRADES + name })));
  } catch (error) {
    // What is stored can be read all the same, and the first put tries again and says what is wrong.
    if (!(error instanceof StorageError)) throw error;
  }
}
