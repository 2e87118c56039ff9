// SPDX-License-Identifier: Apache-2.0
/**
 * From what stands in storage to a count. A ceiling in force means that the process before this one was killed: the count
 * is the larger of the two. One that was set aside means that it stopped cleanly: the saved count is exact, and the
 * ceiling can be put in force again as it is, without an encryption that no ceiling would cover.
 */
import { isForeign } from "../inventory.ts";
import type { Keyring } from "../keyring.ts";
import { ENCRYPTION_COUNT, ENCRYPTION_COUNT_ASIDE } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import { type Ceiling, openCeiling } from "./ceiling-entry.ts";

export interface Resumed {
  /** Encryptions under the active key: exact, or above that by no more than a block. */
  readonly count: bigint;
  /** A ceiling to put in force as it is. */
  readonly ready: Ceiling | undefined;
  /** Whether ceilings are kept: not in a foreign storage, where they would be the first entries of ours. */
  readonly limited: boolean;
}

async function readCeiling(storage: Storage, path: string, keyring: Keyring): Promise<Ceiling | undefined> {
  const entry = await storage.get(path);
  return entry === undefined ? undefined : openCeiling(keyring, entry);
}

/** Reads the count of the active key of `keyring`, which was read from `storage`. Throws `ENTRY_CORRUPT`. */
export async function resumeCount(storage: Storage, keyring: Keyring): Promise<Resumed> {
  const limited = !(await isForeign(storage));
  const saved = keyring.active.encryptions;
  const inForce = await readCeiling(storage, ENCRYPTION_COUNT, keyring);
  if (inForce !== undefined && inForce.ceiling > saved) return { count: inForce.ceiling, ready: undefined, limited };
  if (inForce !== undefined) return { count: saved, ready: undefined, limited };
  return { count: saved, ready: await readCeiling(storage, ENCRYPTION_COUNT_ASIDE, keyring), limited };
}

/** The changes that take `ceiling` out of force, if there is one, in the batch that makes the saved count exact. */
export function setAside(ceiling: Ceiling | undefined): readonly Change[] {
  if (ceiling === undefined) return [];
  return [
    { op: "put", path: ENCRYPTION_COUNT_ASIDE, value: ceiling.entry },
    { op: "delete", path: ENCRYPTION_COUNT },
  ];
}
