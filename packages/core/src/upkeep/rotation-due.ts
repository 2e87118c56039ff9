// SPDX-License-Identifier: Apache-2.0
import type { Keyring } from "../keyring.ts";
import type { RotationReason } from "../observer.ts";

const NANOSECONDS = 1_000_000n;
const YEAR = 365 * 24 * 3_600_000;

/**
 * Why the active key is to be replaced now, if it is. `encryptions` is the count of this moment. A key of more than a
 * year without a saved count is from before counts were kept, and may have been used a lot.
 */
export function rotationDue({ active, rotation }: Keyring, encryptions: bigint, now: Date): RotationReason | undefined {
  if (rotation.disabled) return undefined;
  if (encryptions >= rotation.maxOperations) return "operations";
  const age = now.getTime() - Date.parse(active.installTime);
  const { intervalNanoseconds } = rotation;
  if (intervalNanoseconds > 0n && BigInt(Math.max(age, 0)) * NANOSECONDS >= intervalNanoseconds) return "interval";
  return active.encryptions === 0n && age > YEAR ? "age" : undefined;
}
