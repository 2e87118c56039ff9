// SPDX-License-Identifier: Apache-2.0
/** Clears expired tokens out of storage, once a minute while the store is open. */
import type { SealedStore } from "@sealwright/core";
import type { TokenStore } from "./token-store.ts";

const PAUSE_MS = 60_000;

/** What is swept, and whom a failure is told. */
export interface SweeperOptions {
  readonly store: SealedStore;
  readonly tokens: TokenStore;
  /** Told when a sweep failed; the next one tries again. Not called where the store was sealed meanwhile. */
  readonly onFailure: (error: unknown) => void;
}

/** Deletes expired tokens now and then while the store is open. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Begins; the timer keeps no process alive. A sealed store is left alone until it is open again. */
  start(): void {
    this.#timer ??= setInterval(() => void this.sweep(), PAUSE_MS).unref();
  }

  /** Ends, and waits for the sweep that runs. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#sweeping;
  }

  /** Sweeps now, or joins the sweep that runs. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { store, tokens, onFailure } = this.#options;
    if (store.sealed) return;
    try {
      await tokens.sweep();
    } catch (error) {
      if (!store.sealed) onFailure(error);
    }
  }
}
