// SPDX-License-Identifier: Apache-2.0
/** Keeps trying to open an auto-sealed store, with growing, jittered pauses, and can say why it has not worked yet. */
import { isSealError } from "@sealwright/seal";
import { CoreError } from "./errors.ts";
import { StorageError } from "./storage.ts";
import type { SealedStore } from "./store.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Why the store is still sealed, in a sentence fit for logs and status. */
export interface UnsealFailure {
  readonly reason: string;
  /** The code of the error behind it, or `UNKNOWN`. */
  readonly code: string;
  /** When the first failure in a row happened. */
  readonly since: Date;
  /** When it is tried again. */
  readonly nextTry: Date;
}

export interface AutoUnsealerOptions {
  readonly store: SealedStore;
  /** Told of every attempt that failed, once each. */
  readonly onFailure?: (failure: UnsealFailure, error: unknown) => void;
  readonly onUnsealed?: () => void;
  /** 0 up to but not including 1; `Math.random` unless given. */
  readonly jitter?: () => number;
}

/** One sentence for what an unseal failed with. */
export function explainUnsealFailure(error: unknown): { code: string; reason: string } {
  if (isSealError(error) || error instanceof CoreError || error instanceof StorageError) {
    return { code: error.code, reason: `${error.message} (${error.advice})` };
  }
  return { code: "UNKNOWN", reason: error instanceof Error ? error.message : String(error) };
}

export class AutoUnsealer {
  readonly #options: AutoUnsealerOptions;
  readonly #stop = new AbortController();
  #failure: UnsealFailure | undefined;
  #wake: (() => void) | undefined;

  constructor(options: AutoUnsealerOptions) {
    this.#options = options;
  }

  /** The last failure, while the store is sealed because of it. */
  get failure(): UnsealFailure | undefined {
    return this.#failure;
  }

  /** Tries until the store is open or `stop` is called; then resolves. Never rejects. */
  async run(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#options.store.unseal(this.#stop.signal);
        this.#failure = undefined;
        this.#options.onUnsealed?.();
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const wait = pause * (0.5 + (this.#options.jitter ?? Math.random)() / 2);
        this.#record(error, wait);
        await this.#sleep(wait);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /** Cuts the present pause short, since something changed. */
  retryNow(): void {
    this.#wake?.();
  }

  /** Ends the attempts; a call to the seal in flight is abandoned. */
  stop(): void {
    this.#stop.abort();
    this.#wake?.();
  }

  #record(error: unknown, wait: number): void {
    const now = Date.now();
    const since = this.#failure?.since ?? new Date(now);
    this.#failure = { ...explainUnsealFailure(error), since, nextTry: new Date(now + wait) };
    this.#options.onFailure?.(this.#failure, error);
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
