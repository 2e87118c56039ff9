// SPDX-License-Identifier: Apache-2.0
/** Unsealing by a quorum: unseal shares, shares of another seal, or recovery shares that let the seals open the store. */
import { isSealError, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import { quorumNumbers } from "./authority.ts";
import type { Attempt } from "./ceremony.ts";
import { CoreError } from "./errors.ts";
import { Quorum } from "./quorum.ts";
import type { OpenedBySeal } from "./seals/open-by-seals.ts";
import { recordOfShares } from "./seals/seal-record.ts";
import type { SealSet } from "./seals/seal-set.ts";
import { impliedRecord, type StoredSeals, sharesPlace } from "./seals/which-seals.ts";
import type { Storage } from "./storage.ts";
import { allowByRecoveryShares, checkShare, openByShares } from "./unseal.ts";
import type { OpenBarrier, OpenedBarrier } from "./unsealed.ts";

/** What is unsealed, and by whose shares. */
export interface ShareUnsealingOptions {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly seals: SealSet;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Opens a storage by its auto seals. */
export type OpenBySeals = (storage: Storage) => Promise<OpenedBySeal>;

/** Collects shares until they open the storage. */
export class ShareUnsealing {
  readonly #options: ShareUnsealingOptions;
  /** Of the quorum. */
  readonly #quorum: Quorum<"unseal">;
  /** Of seals of shares beside others, by name. */
  readonly #named = new Map<string, Quorum<"unseal">>();

  constructor(options: ShareUnsealingOptions) {
    this.#options = options;
    this.#quorum = new Quorum(options.now);
  }

  /** The shares counted so far, of the quorum or of the seal of shares called `name`, if there are any. */
  attempt(name?: string): Attempt<"unseal"> | undefined {
    return (name === undefined ? this.#quorum : this.#named.get(name))?.current;
  }

  /**
   * Counts one share (borrowed) of the quorum; with the last one hands `open` the way to open the storage. Recovery shares
   * open nothing: they allow that `openBySeals` does.
   */
  async submit(
    share: Uint8Array,
    stored: StoredSeals,
    openBySeals: OpenBySeals,
    open: (by: OpenBarrier) => Promise<void>,
  ): Promise<void> {
    const numbers = await quorumNumbers({ storage: this.#options.storage, quorum: stored.quorum });
    if (numbers.shares === 0) {
      throw new CoreError("INVALID_REQUEST", "this storage has no shares that could unseal it");
    }
    await this.#count(this.#quorum, share, numbers, (shares) => open(this.#opener(stored, shares, openBySeals)));
  }

  /** Counts one share (borrowed) of the seal of shares called `name`. Rejects with `INVALID_REQUEST` where there is none. */
  async submitOf(
    name: string,
    share: Uint8Array,
    stored: StoredSeals,
    open: (by: OpenBarrier) => Promise<void>,
  ): Promise<void> {
    const { numbers, ...place } = sharesPlace(stored, name);
    const { shares: plugin } = this.#options;
    const quorum = this.#named.get(name) ?? new Quorum<"unseal">(this.#options.now);
    this.#named.set(name, quorum);
    await this.#count(quorum, share, numbers, (shares) =>
      open(async (storage) => {
        const barrier = await openByShares(storage, plugin, shares, place);
        return { barrier, implied: impliedRecord(stored, undefined, plugin) };
      }),
    );
  }

  /** Forgets the shares. */
  end(): void {
    this.#quorum.end();
    for (const quorum of this.#named.values()) quorum.end();
  }

  async #count(
    quorum: Quorum<"unseal">,
    share: Uint8Array,
    numbers: ShareNumbers,
    open: (shares: readonly Uint8Array[]) => Promise<void>,
  ): Promise<void> {
    checkShare(share, numbers);
    quorum.start(numbers.threshold, "unseal");
    const attempt = quorum.current;
    if (attempt === undefined || quorum.submit(attempt.nonce, share) !== "quorum") return;
    try {
      await open(quorum.current?.shares ?? []);
      this.end();
    } catch (error) {
      if (mayWorkLater(error)) quorum.withdraw();
      else quorum.end();
      throw error;
    }
  }

  #opener(stored: StoredSeals, shares: readonly Uint8Array[], openBySeals: OpenBySeals): OpenBarrier {
    const { shares: plugin, seals } = this.#options;
    if (stored.quorum === "unseal") {
      return async (storage) => ({
        barrier: await openByShares(storage, plugin, shares),
        implied: recordOfShares(plugin),
      });
    }
    return async (storage): Promise<OpenedBarrier> => {
      const opened = await openBySeals(storage);
      const first = seals.named(stored.record?.first ?? opened.name)?.seal;
      await allowByRecoveryShares(storage, opened, first, plugin, shares);
      return { barrier: opened.barrier, implied: impliedRecord(stored, opened.name, plugin) };
    };
  }
}

/** Whether the same shares may do when the seals answer again. */
function mayWorkLater(error: unknown): boolean {
  return isSealError(error) ? error.retryable : error instanceof CoreError && error.code === "NO_SEAL_ANSWERS";
}
