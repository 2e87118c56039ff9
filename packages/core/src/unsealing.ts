// SPDX-License-Identifier: Apache-2.0
/** The ways in which a sealed store is opened: by its seals alone, or by shares. */
import type { SharesSealPlugin } from "@sealwright/seal";
import { CoreError } from "./errors.ts";
import type { StoreObserver } from "./observer.ts";
import { isWrongAnswer, type OpenedBySeal, openBySeals } from "./seals/open-by-seals.ts";
import type { SealSet } from "./seals/seal-set.ts";
import {
  checkConfigured,
  checkEnabled,
  checkMigration,
  impliedRecord,
  readStoredSeals,
  type StoredSeals,
  slotsOf,
} from "./seals/which-seals.ts";
import { ShareUnsealing } from "./share-unsealing.ts";
import type { Storage } from "./storage.ts";
import type { OpenBarrier } from "./unsealed.ts";

/** What is opened. */
export interface UnsealingOptions {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly seals: SealSet;
  readonly headStartMilliseconds: number;
  readonly observer: StoreObserver;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a share is given for. */
export interface ShareUse {
  /** The name of a seal of shares beside others; the quorum's unless given. */
  readonly seal?: string;
  /** Vault's way of migrating: the quorum also allows that the enabled seal takes the place of the storage's own. */
  readonly migrate?: boolean;
  readonly signal?: AbortSignal;
}

/** Opens a store. `open` is handed the way, and makes it the open one. */
export class Unsealing {
  readonly #options: UnsealingOptions;
  readonly shares: ShareUnsealing;
  /** What was wrong with the answers of seals when they were last asked, by name. */
  readonly #wrong = new Map<string, unknown>();

  constructor(options: UnsealingOptions) {
    this.#options = options;
    this.shares = new ShareUnsealing(options);
  }

  /** By the seals, the best first. */
  async bySeals(open: (by: OpenBarrier) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { seals, shares } = this.#options;
    if (seals.all.length === 0) {
      throw new CoreError("INVALID_REQUEST", "this store is unsealed by shares, not by itself");
    }
    const stored = await this.#stored();
    checkConfigured(stored, seals, shares);
    if (stored.candidates.length === 0) {
      throw new CoreError("INVALID_REQUEST", "this store is unsealed by shares, not by itself");
    }
    await this.#open(open, async (storage) => {
      const { barrier, name } = await this.#race(storage, stored, signal, "refuse");
      return { barrier, implied: impliedRecord(stored, name, shares) };
    });
  }

  /** By one share more (borrowed). */
  async byShare(
    share: Uint8Array,
    { seal: name, migrate = false }: ShareUse,
    open: (by: OpenBarrier) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { seals, shares } = this.#options;
    const stored = await this.#stored();
    const openAndDoubt = (by: OpenBarrier) => this.#open(open, by);
    if (name !== undefined) return this.shares.submitOf(name, share, stored, openAndDoubt);
    const disabled = migrate ? "accept" : "refuse";
    if (migrate) checkMigration(stored, seals, shares);
    else checkConfigured(stored, seals, shares);
    const openBySeals = (storage: Storage) => this.#race(storage, stored, signal, disabled);
    await this.shares.submit(share, stored, openBySeals, openAndDoubt);
  }

  /** Whoever opens the storage, what seals have answered is known to be wrong then, and not the storage. */
  #open(open: (by: OpenBarrier) => Promise<void>, by: OpenBarrier): Promise<void> {
    const { seals, observer } = this.#options;
    return open(async (storage) => {
      const opened = await by(storage);
      for (const [name, error] of this.#wrong) {
        seals.doubt(name, error);
        observer.sealDoubted(name, error);
      }
      this.#wrong.clear();
      return opened;
    });
  }

  #stored(): Promise<StoredSeals> {
    const { storage, seals, shares } = this.#options;
    return readStoredSeals(storage, seals, shares);
  }

  async #race(
    storage: Storage,
    stored: StoredSeals,
    signal: AbortSignal,
    disabled: "refuse" | "accept",
  ): Promise<OpenedBySeal> {
    const { seals, shares, headStartMilliseconds } = this.#options;
    this.#wrong.clear();
    const failed = (name: string, error: unknown): void => {
      // Without a record, a seal that does not open the storage is merely not one of its seals yet.
      if (stored.record !== undefined && isWrongAnswer(error)) this.#wrong.set(name, error);
    };
    const opened = await openBySeals(storage, slotsOf(stored, seals), headStartMilliseconds, signal, failed);
    try {
      if (disabled === "refuse") checkEnabled(stored, seals, shares, opened.name);
    } catch (error) {
      opened.barrier.lock();
      throw error;
    }
    return opened;
  }
}
