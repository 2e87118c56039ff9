// SPDX-License-Identifier: Apache-2.0
/** Unsealing by a quorum: unseal shares, or recovery shares that let the auto seal open the store. */
import { isSealError, type Seal, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import { quorumNumbers } from "./authority.ts";
import type { Attempt } from "./ceremony.ts";
import { CoreError } from "./errors.ts";
import { Quorum } from "./quorum.ts";
import type { Storage } from "./storage.ts";
import { checkShare, openByRecoveryShares, openByShares } from "./unseal.ts";
import type { OpenBarrier } from "./unsealed.ts";

/** What is unsealed, and by whose shares. */
export interface ShareUnsealingOptions {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly seal: Seal | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Collects shares until they open the storage. */
export class ShareUnsealing {
  readonly #options: ShareUnsealingOptions;
  readonly #quorum: Quorum<"unseal">;

  constructor(options: ShareUnsealingOptions) {
    this.#options = options;
    this.#quorum = new Quorum(options.now);
  }

  /** The shares counted so far, if there are any. */
  get current(): Attempt<"unseal"> | undefined {
    return this.#quorum.current;
  }

  /** Counts one share (borrowed); with the last one hands `open` the way to open the storage. */
  async submit(share: Uint8Array, open: (by: OpenBarrier) => Promise<void>, signal: AbortSignal): Promise<void> {
    const numbers = await this.#numbers();
    checkShare(share, numbers);
    this.#quorum.start(numbers.threshold, "unseal");
    const attempt = this.#quorum.current;
    if (attempt === undefined || this.#quorum.submit(attempt.nonce, share) !== "quorum") return;
    try {
      await open(this.#opener(this.#quorum.current?.shares ?? [], signal));
      this.#quorum.end();
    } catch (error) {
      if (isSealError(error) && error.retryable) this.#quorum.withdraw();
      else this.#quorum.end();
      throw error;
    }
  }

  /** Forgets the shares. */
  end(): void {
    this.#quorum.end();
  }

  #opener(shares: readonly Uint8Array[], signal: AbortSignal): OpenBarrier {
    const { seal, shares: plugin } = this.#options;
    return seal === undefined
      ? (storage) => openByShares(storage, plugin, shares)
      : (storage) => openByRecoveryShares(storage, seal, plugin, shares, signal);
  }

  async #numbers(): Promise<ShareNumbers> {
    const numbers = await quorumNumbers(this.#options);
    if (numbers.shares > 0) return numbers;
    throw new CoreError("INVALID_REQUEST", "this storage has no shares that could unseal it");
  }
}
