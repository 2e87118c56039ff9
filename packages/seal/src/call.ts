// SPDX-License-Identifier: Apache-2.0
import { SealError } from "./errors.ts";

/**
 * Races `work` against `signal`. When the signal aborts, rejects at once with `SEAL_TIMEOUT`, and what `work` answers
 * later is handed to `dropped`, so that a key that comes too late is wiped rather than leaked.
 */
export function abandonable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
  dropped?: (late: T) => void,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const abandon = (): void => {
      reject(new SealError("SEAL_TIMEOUT", `${what} was abandoned: no answer in time`, { cause: signal.reason }));
    };
    if (signal.aborted) abandon();
    else signal.addEventListener("abort", abandon, { once: true });
    work.then(
      (value) => {
        signal.removeEventListener("abort", abandon);
        if (signal.aborted) dropped?.(value);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", abandon);
        reject(error);
      },
    );
  });
}
