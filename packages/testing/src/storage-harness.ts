// SPDX-License-Identifier: Apache-2.0
import type { Storage } from "@sealwright/core";

/** What a storage can do, declared as data; the suite holds the storage to it. */
export interface StorageTraits {
  /** What its `type` says. */
  readonly type: string;
  /** `kept`: its home outlives it and is locked while it is open. `process`: entries end with the storage. */
  readonly lifetime: "kept" | "process";
}

/** A place for one storage. */
export interface StorageHome {
  /** Opens the storage in this home. */
  open(): Promise<Storage>;
  /** Removes the home with everything in it; nothing is open then. */
  remove(): Promise<void>;
}

/** How the suite gets at a storage. */
export interface StorageHarness {
  readonly traits: StorageTraits;
  /** A new, empty home. The suite removes it. */
  newHome(): Promise<StorageHome>;
}
