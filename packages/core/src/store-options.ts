// SPDX-License-Identifier: Apache-2.0
import type { Seal, SharesSealPlugin } from "@sealwright/seal";
import type { SaveLimits } from "./counting/save-count.ts";
import type { StoreObserver } from "./observer.ts";
import type { MakeLayer } from "./seal-wrap/entry-layer.ts";
import type { Storage } from "./storage.ts";

/** What a store is made of. */
export interface StoreOptions {
  /** Taken over: `close` closes it. */
  readonly storage: Storage;
  /** What splits keys into shares: the unseal key's where there is no auto seal, the recovery key's where there is. */
  readonly shares: SharesSealPlugin;
  /** The auto seal, if one unseals this store. Taken over: `close` closes it. */
  readonly seal?: Seal;
  /** The clock; the system's unless given. */
  readonly now?: () => Date;
  /** Told what happens; nobody unless given. */
  readonly observer?: StoreObserver;
  /**
   * A second layer around the keyring and the root key for standbys, by the auto seal: `sealLayer`. None unless given.
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
