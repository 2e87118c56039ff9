// SPDX-License-Identifier: Apache-2.0

/** How many requests a path answers on one listener within a window of time. */
export interface RateLimits {
  readonly windowMilliseconds: number;
  readonly requests: number;
  /** Such as `/v1/sys/unseal`, decoded; each has a count of its own. */
  readonly paths: readonly string[];
}

interface Window {
  ends: number;
  left: number;
}

/** Bounds the guessing of shares: per listener, not per client, since addresses are cheap. */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #windows: ReadonlyMap<string, Window>;
  readonly #now: () => number;

  /** `now` is in milliseconds and never goes back. */
  constructor(limits: RateLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#windows = new Map(limits.paths.map((path) => [path, { ends: 0, left: 0 }]));
    this.#now = now;
  }

  /** Counts a request to `path`. Answers 0, or the whole seconds after which it may be tried again. */
  admit(path: string): number {
    const window = this.#windows.get(path);
    if (window === undefined) return 0;
    const now = this.#now();
    if (now >= window.ends) {
      window.ends = now + this.#limits.windowMilliseconds;
      window.left = this.#limits.requests;
    }
    if (window.left === 0) return Math.ceil((window.ends - now) / 1000);
    window.left--;
    return 0;
  }
}
