// SPDX-License-Identifier: Apache-2.0
import { abandonable, isSealError } from "@sealwright/seal";
import { CoreError } from "../errors.ts";
import { reasonOf } from "./reason.ts";

/** What came of asking several seals, by name. */
export interface Answers<T> {
  readonly answered: ReadonlyMap<string, T>;
  readonly failed: ReadonlyMap<string, unknown>;
}

/** How seals are asked. */
export interface Asking {
  /** For all of them together; who has not answered by then has failed. */
  readonly deadlineMilliseconds: number;
  /** Why a seal is not to be asked at all, if so. */
  idleReason(name: string): unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks all `seals` at once and waits until each has answered, failed, or run out of time. Rejects only where the caller
 * has given up.
 */
export async function askAll<S extends { readonly name: string }, T>(
  seals: readonly S[],
  { deadlineMilliseconds, idleReason, signal }: Asking,
  ask: (seal: S, signal: AbortSignal) => Promise<T>,
): Promise<Answers<T>> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMilliseconds);
  const limit = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  const answered = new Map<string, T>();
  const failed = new Map<string, unknown>();
  const one = async (seal: S): Promise<void> => {
    // A seal alone is asked whatever is known of it: there is nothing to be gained by leaving it out.
    const idle = seals.length > 1 ? idleReason(seal.name) : undefined;
    if (idle !== undefined) {
      failed.set(seal.name, idle);
      return;
    }
    try {
      answered.set(seal.name, await abandonable(ask(seal, limit), limit, `the seal ${seal.name}`));
    } catch (error) {
      failed.set(seal.name, error);
    }
  };
  try {
    await Promise.all(seals.map(one));
  } finally {
    clearTimeout(timer);
  }
  if (signal?.aborted && failed.size > 0) throw [...failed.values()][0];
  return { answered, failed };
}

/** The refusal where no seal, or not enough of them, has answered: a single failure as it is, else all reasons. */
export function refusalOf(failed: ReadonlyMap<string, unknown>, what: string): unknown {
  if (failed.size === 1) return [...failed.values()][0];
  const reasons = [...failed].map(([name, error]) => `${name}: ${reasonOf(error)}`);
  const message = `${what}: ${reasons.length === 0 ? "none is configured" : reasons.join("; ")}`;
  return new CoreError("NO_SEAL_ANSWERS", message, { cause: new AggregateError([...failed.values()]) });
}

/** Whether it is a seal that failed, all of several, or one that is in doubt for what it answered: not the storage. */
export function isSealFailure(error: unknown): boolean {
  return isSealError(error) || error instanceof CoreError;
}
