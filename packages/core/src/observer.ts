// SPDX-License-Identifier: Apache-2.0
/** What a store tells of itself while it works, for metrics and logs. Every call is quick and throws nothing. */

import type { RewrapStatus } from "./seal-wrap/rewrap.ts";
import type { WrapCount } from "./seal-wrap/wrap-tally.ts";
import type { RewrappedEntry } from "./seals/rewrap-root-key.ts";

/**
 * What an encryption under the active data key was for: an entry of a batch, something that is not stored, such as a
 * batch token, what is written together with a keyring, or a ceiling.
 */
export type EncryptionPurpose = "put" | "token" | "keyring" | "ceiling";

/** How a save of the encryption count ended. `superseded`: a newer keyring was written meanwhile and has the count. */
export type CountSaveOutcome = "saved" | "superseded" | "timeout" | "failed";

/** One save of the encryption count. */
export interface CountSave {
  readonly outcome: CountSaveOutcome;
  readonly milliseconds: number;
  /** What it was allowed to take. */
  readonly timeoutMilliseconds: number;
  /** What it was to save. */
  readonly encryptions: bigint;
  /** `sealing`: there is no next save that would include it. */
  readonly occasion: "interval" | "sealing";
  /** Where it failed. */
  readonly error?: unknown;
}

/** Why a data key is replaced without being asked. */
export type RotationReason = "operations" | "interval" | "age";

/** Told of what happens in a store, for logs and metrics. */
export interface StoreObserver {
  /** A rewrap went through its entries; those that failed are tried again. */
  rewrapEnded(status: RewrapStatus): void;
  /** The entry at `path`, or a rewrap as a whole, was not rewritten; it is tried again at the next check. */
  rewrapFailed(path: string | undefined, error: unknown): void;
  /** The seal answered, and its answer does not open the storage, which another one did: it is not asked before a proof. */
  sealDoubted(name: string, error: unknown): void;
  /** The seal was given what it missed, at `path`. */
  outstandingDelivered(name: string, path: string): void;
  /** The root key or the recovery key is under a newer key of its seal now. */
  rootKeyRewrapped(entry: RewrappedEntry): void;
  /** A key of the seal has wrapped so often that it should be replaced. Once in a process and key. */
  sealKeyUsedUp(count: WrapCount): void;
  /** A batch was written through the barrier. Milliseconds. */
  wrote(puts: number, deletes: number, milliseconds: number): void;
  /** An entry was read. Milliseconds. */
  read(milliseconds: number): void;
  /** Names were listed. Milliseconds. */
  listed(milliseconds: number): void;
  encrypted(purpose: EncryptionPurpose, encryptions: number): void;
  countSaveEnded(save: CountSave): void;
  rotated(reason: RotationReason, term: number): void;
  /** A due rotation failed; it is tried again at the next check. */
  rotationFailed(reason: RotationReason, error: unknown): void;
}

/** Listens to nothing. */
export const UNOBSERVED: StoreObserver = {
  wrote() {},
  read() {},
  listed() {},
  encrypted() {},
  countSaveEnded() {},
  rotated() {},
  rotationFailed() {},
  rewrapEnded() {},
  rewrapFailed() {},
  sealKeyUsedUp() {},
  sealDoubted() {},
  outstandingDelivered() {},
  rootKeyRewrapped() {},
};
