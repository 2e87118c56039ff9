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
  /** When it is tried again; absent where trying again could do harm, so that only a restart does. */
  readonly nextTry?: Date;
}

/** What an unsealer works on, and whom it tells. */
export interface AutoUnsealerOptions {
  readonly store: SealedStore;
  /** Told of every attempt that failed, once each. */
  readonly onFailure?: (failure: UnsealFailure, error: unknown) => void;
  /** Told when a seal has opened the store, not when people have. */
  readonly onUnsealed?: () => void;
  /** 0 up to but not including 1; `Math.random` unless given. */
  readonly jitter?: () => number;
}

/** Whether to try again could do harm: a PIN that was refused counts towards a lock. */
function isFinal(error: unknown): boolean {
  if (isSealError(error)) return error.final;
  // Where several seals were asked, each reason has to be final.
  const { cause } = error instanceof CoreError && error.code === "NO_SEAL_ANSWERS" ? error : {};
  return cause instanceof AggregateError && cause.errors.length > 0 && cause.errors.every(isFinal);
}

const NOT_TRIED_AGAIN = "not tried again before a restart";

/** One sentence for what an unseal failed with. */
export function explainUnsealFailure(error: unknown): { code: string; reason: string } {
  if (isSealError(error) || error instanceof CoreError || error instanceof StorageError) {
    return { code: error.code, reason: `${error.message} (${error.advice})` };
  }
  return { code: "UNKNOWN", reason: error instanceof Error ? error.message : String(error) };
}

/** One run of attempts to open a store by its auto seal, which keeps why the last one failed. */
export class AutoUnsealer {
  readonly #options: AutoUnsealerOptions;
  readonly #stop = new AbortController();
  #failure: UnsealFailure | undefined;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AutoUnsealerOptions) {
    this.#options = options;
  }

  /** The last failure, while the store is sealed because of it. */
  get failure(): UnsealFailure | undefined {
    return this.#failure;
  }

  /**
   * Tries until the store is open, `stop` is called, or the seal refuses for good; then resolves. Never rejects. While it
   * tries, asking for it again cuts the present pause short.
   */
  run(): Promise<void> {
    if (this.#running !== undefined) {
      this.retryNow();
      return this.#running;
    }
    this.#running = this.#try().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #try(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      const { store, onUnsealed } = this.#options;
      // People may have opened it during a pause.
      const { sealed } = store;
      try {
        await store.unseal(this.#stop.signal);
        this.#failure = undefined;
        if (sealed) onUnsealed?.();
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const wait = isFinal(error) ? undefined : pause * (0.5 + (this.#options.jitter ?? Math.random)() / 2);
        this.#record(error, wait);
        // Whoever was told may have stopped this.
        if (wait === undefined || this.#stop.signal.aborted) return;
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

  #record(error: unknown, wait: number | undefined): void {
    const now = Date.now();
    const since = this.#failure?.since ?? new Date(now);
    const { code, reason } = explainUnsealFailure(error);
    this.#failure =
      wait === undefined
        ? { code, reason: `${reason}; ${NOT_TRIED_AGAIN}`, since }
        : { code, reason, since, nextTry: new Date(now + wait) };
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
