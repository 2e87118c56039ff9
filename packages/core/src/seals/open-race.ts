// SPDX-License-Identifier: Apache-2.0
/** Several ways to open something, of which the first that works is taken: the best has a head start before the next. */

/** One way. */
export interface Contender<T> {
  readonly name: string;
  run(signal: AbortSignal): Promise<T>;
}

/** How a race is run. */
export interface RaceRules<T> {
  /** How long each contender has for itself before the next one begins. */
  readonly headStartMilliseconds: number;
  readonly signal: AbortSignal;
  /** Told of everyone who failed before somebody won. */
  onFailure(name: string, error: unknown): void;
  /** Gets what somebody answers who comes too late. */
  drop(late: T): void;
}

/**
 * What the first contender answers that does not fail, and its name; undefined where all fail. Others are aborted then. A
 * failure lets the next one begin at once. Rejects with nothing but the signal's reason.
 */
export function race<T>(
  contenders: readonly Contender<T>[],
  { headStartMilliseconds, signal, onFailure, drop }: RaceRules<T>,
): Promise<{ readonly name: string; readonly value: T } | undefined> {
  const over = new AbortController();
  const limit = AbortSignal.any([signal, over.signal]);
  return new Promise((resolve) => {
    let next = 0;
    let running = 0;
    let timer: NodeJS.Timeout | undefined;
    const finish = (winner: { name: string; value: T } | undefined): void => {
      clearTimeout(timer);
      over.abort();
      resolve(winner);
    };
    const begin = (): void => {
      clearTimeout(timer);
      const contender = contenders[next++];
      if (contender === undefined) {
        if (running === 0 && !over.signal.aborted) finish(undefined);
        return;
      }
      running++;
      timer = setTimeout(begin, headStartMilliseconds);
      contender.run(limit).then(
        (value) => (over.signal.aborted ? drop(value) : finish({ name: contender.name, value })),
        (error: unknown) => {
          running--;
          if (over.signal.aborted) return;
          onFailure(contender.name, error);
          begin();
        },
      );
    };
    begin();
  });
}
