// SPDX-License-Identifier: Apache-2.0
/**
 * A copy, under the barrier, of the plain seal configurations: whoever can write to the storage could change a threshold
 * in the plain ones, and that must show.
 */
import type { OpenStore } from "./authority.ts";
import type { PlainChange } from "./barrier.ts";
import { CoreError } from "./errors.ts";
import { readRecoveryConfig, readSealConfig } from "./inventory.ts";
import { SEAL_CONFIG_COPY } from "./paths.ts";
import { parseSealConfig, type SealConfig } from "./seal-config.ts";
import { sealRecordMatches } from "./seals/seal-record.ts";

type Configured = Pick<OpenStore, "storage" | "barrier" | "quorum">;

/** The configurations of a store; `recovery` is null where people unseal by shares. */
export interface SealConfigs {
  readonly seal: SealConfig | null;
  readonly recovery: SealConfig | null;
}

function serialize({ seal, recovery }: SealConfigs): Buffer {
  return Buffer.from(JSON.stringify({ seal, recovery }));
}

/** The change that writes the copy. `recovery` is null where there is no recovery key. */
export function sealConfigCopy(seal: SealConfig | null, recovery: SealConfig | null): PlainChange {
  return { op: "put", path: SEAL_CONFIG_COPY, value: serialize({ seal, recovery }) };
}

/** The plain configurations as they stand. A recovery configuration that an earlier seal left behind does not count. */
export async function plainSealConfigs({
  storage,
  quorum,
}: Pick<Configured, "storage" | "quorum">): Promise<SealConfigs> {
  return {
    seal: (await readSealConfig(storage)) ?? null,
    recovery: quorum === "unseal" ? null : ((await readRecoveryConfig(storage)) ?? null),
  };
}

/** The configurations that this store wrote last, or undefined on a foreign storage. Rejects with `ENTRY_CORRUPT`. */
export async function writtenSealConfigs({ barrier }: Pick<Configured, "barrier">): Promise<SealConfigs | undefined> {
  const copy = await barrier.get(SEAL_CONFIG_COPY);
  if (copy === undefined) return undefined;
  const { seal, recovery } = JSON.parse(copy.toString("utf8")) as Record<keyof SealConfigs, unknown>;
  const parse = (config: unknown): SealConfig | null =>
    config === null ? null : parseSealConfig(SEAL_CONFIG_COPY, Buffer.from(JSON.stringify(config)));
  return { seal: parse(seal), recovery: parse(recovery) };
}

/** Whether the plain configurations are what this store wrote. True where there is no copy: a foreign storage. */
export async function sealConfigsMatch(open: Configured): Promise<boolean> {
  const copy = await open.barrier.get(SEAL_CONFIG_COPY);
  if (copy === undefined) return true;
  return copy.equals(serialize(await plainSealConfigs(open))) && sealRecordMatches(open.storage, open.barrier);
}

/**
 * Throws `SEAL_CONFIG_ALTERED` where recovery shares are what allows a ceremony and somebody else has changed the plain
 * configurations. Unseal shares need no such care: a wrong threshold makes them open nothing.
 */
export async function checkSealConfigs(open: Configured): Promise<void> {
  if (open.quorum === "unseal" || (await sealConfigsMatch(open))) return;
  throw new CoreError(
    "SEAL_CONFIG_ALTERED",
    "core/seal-config or core/recovery-config is not what this server wrote: somebody changed it in the storage",
  );
}
