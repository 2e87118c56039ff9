// SPDX-License-Identifier: Apache-2.0
/**
 * The recovery key: wrapped by the first seal, and, where there are several seals, under the active data key as well, as
 * the key of a seal of shares is. So no ceremony waits for a seal that is down, and another seal can become the first.
 */
import { timingSafeEqual } from "node:crypto";
import type { Seal } from "@sealwright/seal";
import type { Barrier, PlainChange } from "../barrier.ts";
import { CoreError } from "../errors.ts";
import { RECOVERY_KEY, RECOVERY_KEY_COPY } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import { sealRecoveryKey, unwrapEntry } from "../stored-keys.ts";
import { type Asking, askAll, refusalOf } from "./ask-all.ts";
import { noteOutstanding, settleOutstanding } from "./outstanding.ts";
import type { SealView } from "./seal-view.ts";

/** Where the recovery key is looked for. */
export interface RecoveryKeyHome {
  readonly storage: Storage;
  readonly barrier: Barrier;
}

/**
 * The recovery key (32 bytes; the caller wipes it), without asking `seal` where the barrier has it. Rejects with
 * `NO_SEAL_ANSWERS` where no seal at hand could tell it, and with what the seal rejects with.
 */
export async function readRecoveryKey(
  { storage, barrier }: RecoveryKeyHome,
  seal: Seal | undefined,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const copy = await barrier.get(RECOVERY_KEY_COPY);
  if (copy !== undefined) return copy;
  if (seal !== undefined) return unwrapEntry(storage, RECOVERY_KEY, seal, signal);
  throw new CoreError("NO_SEAL_ANSWERS", "the seal that wrapped the recovery key is not configured");
}

/** Whether `candidate` (borrowed) is the recovery key, compared in constant time. Rejects as `readRecoveryKey`. */
export async function isRecoveryKey(
  home: RecoveryKeyHome,
  seal: Seal | undefined,
  candidate: Uint8Array,
  signal?: AbortSignal,
): Promise<boolean> {
  const key = await readRecoveryKey(home, seal, signal);
  try {
    return key.length === candidate.length && timingSafeEqual(key, candidate);
  } finally {
    key.fill(0);
  }
}

/**
 * What keeps `key` (32 bytes, borrowed) as the recovery key where the seals are those of `view`: the first one's blob, and
 * where there is a record the copy under the barrier. A first seal that does not answer is to get it later, and no older
 * blob stays. Rejects with what the first seal rejects with where there is no record. The caller has proved the seal.
 */
export async function recoveryKeyChanges(
  asking: Asking,
  { record, keepers }: SealView,
  key: Uint8Array,
): Promise<{ readonly plain: readonly PlainChange[]; readonly raw: readonly Change[] }> {
  const first = keepers.filter(({ name }) => name === record.first);
  const { answered, failed } = await askAll(first, asking, ({ seal }, limit) => sealRecoveryKey(seal, key, limit));
  const value = answered.get(record.first);
  if (record.generation === 0) {
    if (value === undefined) throw refusalOf(failed, "the recovery key cannot be wrapped");
    return { plain: [], raw: [{ op: "put", path: RECOVERY_KEY, value }] };
  }
  const { generation } = record;
  const note = { seal: record.first, path: RECOVERY_KEY, generation };
  return {
    plain: [{ op: "put", path: RECOVERY_KEY_COPY, value: key }],
    raw:
      value === undefined
        ? [{ op: "delete", path: RECOVERY_KEY }, noteOutstanding(note)]
        : [{ op: "put", path: RECOVERY_KEY, value }, settleOutstanding(record.first, RECOVERY_KEY)],
  };
}
