// SPDX-License-Identifier: Apache-2.0
/**
 * A copy, under the barrier, of the plain seal configurations: whoever can write to the storage could lower a threshold
 * in the plain ones, and that must show.
 */
import type { Barrier, PlainChange } from "./barrier.ts";
import { readRecoveryConfig, readSealConfig } from "./inventory.ts";
import { SEAL_CONFIG_COPY } from "./paths.ts";
import type { SealConfig } from "./seal-config.ts";
import type { Storage } from "./storage.ts";

function serialize(seal: SealConfig | null, recovery: SealConfig | null): Buffer {
  return Buffer.from(JSON.stringify({ seal, recovery }));
}

/** The change that writes the copy. `recovery` is null where there is no recovery key. */
export function sealConfigCopy(seal: SealConfig | null, recovery: SealConfig | null): PlainChange {
  return { op: "put", path: SEAL_CONFIG_COPY, value: serialize(seal, recovery) };
}

/** Whether the plain configurations are what the copy says. True where there is no copy: a foreign storage. */
export async function sealConfigsMatch(storage: Storage, barrier: Barrier): Promise<boolean> {
  const copy = await barrier.get(SEAL_CONFIG_COPY);
  if (copy === undefined) return true;
  const [seal, recovery] = await Promise.all([readSealConfig(storage), readRecoveryConfig(storage)]);
  return copy.equals(serialize(seal ?? null, recovery ?? null));
}
