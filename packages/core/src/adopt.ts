// SPDX-License-Identifier: Apache-2.0
/** Making a foreign storage ours: only entries below `sealwright/` are added, all of them in one batch. */
import type { ShareNumbers } from "@sealwright/seal";
import { type OpenStore, proveQuorum, quorumNumbers } from "./authority.ts";
import { Barrier, type PlainChange } from "./barrier.ts";
import { CoreError } from "./errors.ts";
import { isForeign } from "./inventory.ts";
import { ENCRYPTION_COUNT, OURS } from "./paths.ts";
import { plainSealConfigs, sealConfigCopy } from "./seal-config-copy.ts";
import type { Storage } from "./storage.ts";

/** What adoption asks before there is an open store. */
export type Adoptable = Pick<OpenStore, "storage" | "quorum">;

/**
 * How many shares must allow the adoption. Rejects with `INVALID_REQUEST` where the storage is ours already, or where
 * nobody holds shares of it.
 */
export async function adoptionQuorum({ storage, quorum }: Adoptable): Promise<ShareNumbers> {
  await requireForeign(storage);
  const numbers = await quorumNumbers({ storage, quorum });
  if (numbers.shares > 0) return numbers;
  throw new CoreError(
    "INVALID_REQUEST",
    "nobody holds recovery shares of this storage, so that nobody can allow its adoption: make some with the program " +
      "that wrote it",
  );
}

async function requireForeign(storage: Storage): Promise<void> {
  if (await isForeign(storage)) return;
  throw new CoreError("INVALID_REQUEST", "this storage is Sealwright's own already: there is nothing to adopt");
}

/**
 * Adopts the open storage with the leave of `shares` (borrowed), and writes `tables`, all of it below `sealwright/`, with
 * its own entries. `open.storage` must take writes. Answers the paths of what was written. Rejects with `WRONG_SHARES`
 * or as `adoptionQuorum` does; nothing was written then.
 */
export async function adopt(
  open: OpenStore,
  shares: readonly Uint8Array[],
  tables: readonly PlainChange[],
): Promise<readonly string[]> {
  await requireForeign(open.storage);
  await proveQuorum(open, shares);
  const { seal, recovery } = await plainSealConfigs(open);
  const changes = [sealConfigCopy(seal, recovery), ...tables];
  const stray = changes.find(({ path }) => !path.startsWith(OURS));
  if (stray !== undefined) throw new CoreError("INVALID_REQUEST", `adoption writes below ${OURS} only: ${stray.path}`);
  const { keyring } = open.barrier;
  // A barrier that has no ceiling on disk yet: its first one then goes into the same batch, not into one before it.
  const barrier = Barrier.fresh(open.storage, keyring);
  const key = barrier.keyFor(keyring);
  try {
    await barrier.install(keyring, key, await barrier.encryptFor(key, changes));
  } finally {
    barrier.lock();
  }
  return [...changes.map(({ path }) => path), ENCRYPTION_COUNT];
}
