// SPDX-License-Identifier: Apache-2.0
import type { SharesSealPlugin } from "@sealwright/seal";
import type { SaveLimits } from "./counting/save-count.ts";
import type { StoreObserver } from "./observer.ts";
import type { MakeLayer } from "./seal-wrap/entry-layer.ts";
import type { AttachedSeal } from "./seals/attached-seal.ts";
import type { Storage } from "./storage.ts";

/** What a store is made of. */
export interface StoreOptions {
  /** Taken over: `close` closes it. */
  readonly storage: Storage;
  /** What splits keys into shares: the unseal key's where there is no auto seal, the recovery key's where there is. */
  readonly shares: SharesSealPlugin;
  /**
   * The auto seals that open this store, each of them alone; none unless given: people unseal by shares. `soleSeal` makes
   * it of one. Taken over: `close` closes them. Before initialisation every enabled one is meant; later only those that
   * the storage knows by their names.
   */
  readonly seals?: readonly AttachedSeal[];
  /** How long the best seal has for itself at an unseal before the next is asked too; half a second unless given. */
  readonly headStartMilliseconds?: number;
  /** How long all seals together have to wrap something; half a minute unless given. */
  readonly sealDeadlineMilliseconds?: number;
  /** The clock; the system's unless given. */
  readonly now?: () => Date;
  /** Told what happens; nobody unless given. */
  readonly observer?: StoreObserver;
  /**
   * A second layer around the keyring and the root key for standbys, by the seals: `sealLayer`. None unless given.
   * Entries that stand otherwise in storage are rewritten after an unseal. Where people unseal there is none.
   */
  readonly layer?: MakeLayer;
  /** How long a save of the encryption count may wait for that layer; a second unless given. */
  readonly countSaveTimeoutMilliseconds?: number;
  /** How often the count is saved and rotation looked at; every five minutes unless given. */
  readonly upkeepIntervalMilliseconds?: number;
}

const COUNT_SAVE_TIMEOUT_MS = 1_000;
const UPKEEP_INTERVAL_MS = 5 * 60_000;
/** How long the best seal has for itself at an unseal, unless something else is asked for. */
export const HEAD_START_MS = 500;
/** How long all seals together have to wrap something, unless something else is asked for. */
export const SEAL_DEADLINE_MS = 30_000;

/** The times that a store gives its seals, in milliseconds. */
export function sealTimes({ headStartMilliseconds, sealDeadlineMilliseconds }: StoreOptions): {
  readonly headStart: number;
  readonly deadline: number;
} {
  return {
    headStart: headStartMilliseconds ?? HEAD_START_MS,
    deadline: sealDeadlineMilliseconds ?? SEAL_DEADLINE_MS,
  };
}

/** How a store saves its count. */
export function saveLimits({ countSaveTimeoutMilliseconds }: StoreOptions): SaveLimits {
  return {
    timeoutMilliseconds: countSaveTimeoutMilliseconds ?? COUNT_SAVE_TIMEOUT_MS,
    clock: () => performance.now(),
  };
}

/** How often a store looks after its keys, in milliseconds. */
export function upkeepInterval({ upkeepIntervalMilliseconds }: StoreOptions): number {
  return upkeepIntervalMilliseconds ?? UPKEEP_INTERVAL_MS;
}
