// SPDX-License-Identifier: Apache-2.0
/** When the active data key is replaced without being asked: read and changed by a token, without a quorum. */
import { keyringEntry } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { DEFAULT_MAX_OPERATIONS, type RotationConfig, withEncryptions, withRotation } from "./keyring.ts";
import type { SealedStore } from "./store.ts";

const LEAST_OPERATIONS = 1_000_000n;
const LEAST_INTERVAL = 24n * 3_600n * 1_000_000_000n;

/** Throws `INVALID_REQUEST` for a number of operations or an interval out of range. The sentences are Vault's. */
export function checkRotation({ maxOperations, intervalNanoseconds }: RotationConfig): void {
  if (maxOperations < LEAST_OPERATIONS || maxOperations > DEFAULT_MAX_OPERATIONS) {
    const range = `[${LEAST_OPERATIONS},${DEFAULT_MAX_OPERATIONS}]`;
    throw new CoreError("INVALID_REQUEST", `max_operations must be in the range ${range}`);
  }
  if (intervalNanoseconds !== 0n && intervalNanoseconds < LEAST_INTERVAL) {
    throw new CoreError("INVALID_REQUEST", "interval must be greater or equal to 24h0m0s");
  }
}

/** Changes what is given of the configuration. Rejects with `SEALED`, `FOREIGN_STORAGE` or `INVALID_REQUEST`. */
export function configureRotation(store: SealedStore, change: Partial<RotationConfig>): Promise<void> {
  return store.exclusively(async (open) => {
    const { barrier } = open;
    const rotation = { ...barrier.keyring.rotation, ...change };
    checkRotation(rotation);
    const next = withEncryptions(withRotation(barrier.keyring, rotation), barrier.encryptions);
    await barrier.install(next, barrier.keyFor(next), await keyringEntry(next, open));
  });
}
