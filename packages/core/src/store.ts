// SPDX-License-Identifier: Apache-2.0
/**
 * The sealed store: a storage, its seal, and whether it is open. What a program embeds, and what the server serves.
 * Several may live in one process; nothing is global.
 */
import type { SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "./authority.ts";
import type { Barrier, KeyStatus } from "./barrier.ts";
import { rotateKeyring } from "./commit.ts";
import { lockAndSave, type SaveLimits } from "./counting/save-count.ts";
import { EntryAccess } from "./entry-access.ts";
import { CoreError } from "./errors.ts";
import { initialize } from "./init/initialize.ts";
import type { InitRequest, InitShares } from "./init/request.ts";
import { KeyHomes } from "./key-homes.ts";
import { Lifecycle, type LifecycleHooks } from "./lifecycle.ts";
import { type StoreObserver, UNOBSERVED } from "./observer.ts";
import { noLayer } from "./seal-wrap/entry-layer.ts";
import type { Rewrap } from "./seal-wrap/rewrap.ts";
import { type WrapCount, WrapTally } from "./seal-wrap/wrap-tally.ts";
import { type Asking, isSealFailure } from "./seals/ask-all.ts";
import type { AttachedSeal } from "./seals/attached-seal.ts";
import { migrateAway } from "./seals/migrate.ts";
import { SealSet } from "./seals/seal-set.ts";
import { StoreSeals } from "./seals/store-seals.ts";
import { readStatus, type StoreStatus } from "./status.ts";
import type { Storage } from "./storage.ts";
import { type StoreOptions, saveLimits, sealTimes, upkeepInterval } from "./store-options.ts";
import { initAnswered, isInitUnanswered, storageToInitialize } from "./unanswered-init.ts";
import { type OpenBarrier, openUnsealed, type Unsealed } from "./unsealed.ts";
import { type ShareUse, Unsealing } from "./unsealing.ts";
import { backgroundOf } from "./upkeep/background.ts";
import type { KeyUpkeep } from "./upkeep/key-upkeep.ts";

/** A storage behind a seal: initialised, unsealed and sealed here, read and written while it is open. */
export class SealedStore extends EntryAccess {
  readonly #storage: Storage;
  readonly #shares: SharesSealPlugin;
  readonly #set: SealSet;
  /** What an operator does with the seals. */
  readonly seals: StoreSeals;
  readonly #now: () => Date;
  readonly #lifecycle: Lifecycle;
  readonly #homes: KeyHomes;
  readonly #unsealing: Unsealing;
  readonly #upkeep: KeyUpkeep;
  readonly #observer: StoreObserver;
  readonly #asking: Omit<Asking, "signal">;
  readonly #tally: WrapTally;
  /** The background job that puts the layer of now around entries. */
  readonly rewrap: Rewrap;
  readonly #saveLimits: SaveLimits;

  constructor(options: StoreOptions) {
    super();
    const { storage, shares, now = () => new Date(), observer = UNOBSERVED } = options;
    this.#storage = storage;
    this.#shares = shares;
    this.#now = now;
    this.#observer = observer;
    this.#tally = new WrapTally(observer);
    const counted = (each: AttachedSeal): AttachedSeal => ({ ...each, seal: this.#tally.counting(each.seal) });
    const set = new SealSet((options.seals ?? []).map(counted));
    this.#set = set;
    this.#saveLimits = saveLimits(options);
    const { headStart, deadline } = sealTimes(options);
    this.#asking = { deadlineMilliseconds: deadline, idleReason: (name) => set.idleReason(name) };
    this.#lifecycle = new Lifecycle(() => this.#hooks);
    const { interruption } = this.#lifecycle;
    const exclusively: Lifecycle["exclusively"] = (work, signal) => this.#lifecycle.exclusively(work, signal);
    const parts = { storage, shares, asking: this.#asking, interruption, exclusively, observer, now };
    this.#homes = new KeyHomes({ ...parts, makeLayer: options.layer ?? (() => noLayer) });
    this.#unsealing = new Unsealing({
      ...parts,
      seals: set,
      headStartMilliseconds: headStart,
      now: () => now().getTime(),
    });
    this.seals = new StoreSeals({
      ...parts,
      set,
      counted,
      roster: () => this.#lifecycle.unsealed?.roster,
    });
    const background = backgroundOf({
      ...parts,
      homes: this.#homes,
      seals: this.seals,
      unsealed: () => this.#lifecycle.unsealed,
      limits: this.#saveLimits,
      intervalMilliseconds: upkeepInterval(options),
    });
    this.rewrap = background.rewrap;
    this.#upkeep = background.upkeep;
  }

  /** Whether services or devices are configured to open this store, rather than people alone. */
  get autoSealed(): boolean {
    return this.#set.first !== undefined;
  }

  /** How often each key of the auto seals has wrapped something, since this store was made or before. */
  get sealWraps(): readonly WrapCount[] {
    return this.#tally.counts;
  }

  get sealed(): boolean {
    return this.#lifecycle.unsealed === undefined;
  }

  /** Has `listener` called after every unseal. It must not throw. */
  onUnsealed(listener: () => void): void {
    this.#lifecycle.onUnsealed(listener);
  }

  /** The open barrier, for entries at any path. Throws `SEALED`. */
  override get barrier(): Barrier {
    return this.#lifecycle.opened.barrier;
  }

  /** Rejects with what the storage rejects with; damage is a part of the answer. */
  status(): Promise<StoreStatus> {
    return readStatus({
      storage: this.#storage,
      shares: this.#shares,
      seals: this.#set,
      attempt: (name) => this.#unsealing.shares.attempt(name),
      unsealed: () => this.#lifecycle.unsealed,
    });
  }

  /**
   * Initialises an empty storage, or one whose initialisation nobody has the answer of, and leaves it sealed. Rejects with
   * `ALREADY_INITIALIZED`, `STORAGE_INCOMPLETE`, `INVALID_REQUEST` or a `SealError`; whatever fails, nothing was written.
   */
  initialize(request: InitRequest): Promise<InitShares> {
    return this.#lifecycle.inTurn(async () =>
      initialize(
        {
          storage: await storageToInitialize(this.#storage, this.sealed),
          seals: this.#set,
          shares: this.#shares,
          asking: this.#asking,
          layerFor: (view) => this.#homes.layerFor(view),
          now: this.#now(),
        },
        { ...request, signal: this.#lifecycle.interruption.with(request.signal) },
      ),
    );
  }

  /** Whether `initialize` may be repeated while the store is sealed: nobody is known to have the first one's answer. */
  initUnanswered(): Promise<boolean> {
    return isInitUnanswered(this.#storage);
  }

  /** Ends that: somebody has the answer. */
  confirmInit(): Promise<void> {
    return this.#lifecycle.inTurn(async () => {
      if (await isInitUnanswered(this.#storage)) await this.#storage.write(initAnswered);
    });
  }

  /**
   * Opens the store by its auto seals: the best is asked first, and the next behind it. Opening an open one does nothing.
   * Rejects with `WRONG_SEAL`, `NOT_INITIALIZED`, `STORAGE_INCOMPLETE`, `ENTRY_CORRUPT`, a `SealError`, or with
   * `NO_SEAL_ANSWERS` where several were asked.
   */
  unseal(signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.inTurn(async () => {
      if (!this.sealed) return;
      await this.#unsealing.bySeals((by) => this.#open(by), this.#lifecycle.interruption.with(signal));
    });
  }

  /**
   * Counts one share (borrowed) towards unsealing; with the last one the store opens. For an auto-sealed store these
   * are recovery shares, and they let a seal open it, unless they are of a seal of shares that `use` names. Repeating a
   * share changes nothing. Rejects with `INVALID_SHARE` without counting, and with `WRONG_SHARES` with progress back at 0;
   * where no seal can be asked now (a `SealError` that is `retryable`, `NO_SEAL_ANSWERS`), the last share alone goes, and
   * giving it again tries again.
   */
  submitShare(share: Uint8Array, use: ShareUse = {}): Promise<void> {
    return this.#lifecycle.inTurn(async () => {
      if (!this.sealed) return;
      const open = use.migrate ? (by: OpenBarrier) => this.#open(by, migrateAway) : (by: OpenBarrier) => this.#open(by);
      await this.#unsealing.byShare(share, use, open, this.#lifecycle.interruption.with(use.signal));
    });
  }

  /** Forgets the shares submitted so far. Rejects with `UNSEALED` where there is nothing to forget for. */
  resetShares(): Promise<void> {
    return this.#lifecycle.inTurn(async () => {
      if (!this.sealed) throw new CoreError("UNSEALED", "vault is unsealed");
      this.#unsealing.shares.end();
    });
  }

  /**
   * Forgets all keys at once, then saves the count of encryptions; whatever becomes of that, the store is sealed. Rejects
   * where the storage fails; that a seal did not answer is told to the observer alone. An unseal, initialisation or
   * ceremony that waits for the seal is abandoned. Sealing a sealed store does nothing.
   */
  seal(): Promise<void> {
    return this.#lifecycle.seal();
  }

  /** Adds a data key and makes it the active one. Rejects with `SEALED` or `FOREIGN_STORAGE`; the old one then stays. */
  rotate(): Promise<KeyStatus> {
    return this.#lifecycle.exclusively(async (open) => {
      await rotateKeyring(open, open.now);
      return open.barrier.keyStatus;
    });
  }

  /**
   * Runs `work` on the open store while nothing else changes its keys; reads and writes go on. For ceremonies. Rejects
   * with `SEALED`, and with what `work` rejects with. Sealing meanwhile abandons its calls to the seal, as `signal` does.
   */
  exclusively<T>(work: (open: OpenStore) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#lifecycle.exclusively(work, signal);
  }

  /** Calls `listener` whenever the store has been sealed, before `seal` resolves. */
  onSealed(listener: () => void): void {
    this.#lifecycle.onSealed(listener);
  }

  /** Seals, and closes storage and seal. */
  async close(): Promise<void> {
    try {
      await this.seal();
    } finally {
      await this.#set.close();
      await this.#storage.close();
    }
  }

  get #hooks(): LifecycleHooks {
    return {
      openStore: (unsealed, signal) => this.#homes.openStore(unsealed, signal),
      opened: (unsealed) => this.#begin(unsealed),
      sealing: () => {
        this.#unsealing.shares.end();
        this.#upkeep.stop();
      },
      lock: (unsealed) => this.#lock(unsealed),
    };
  }

  #open(by: OpenBarrier, first: (open: OpenStore) => Promise<void> = async () => {}): Promise<void> {
    return this.#lifecycle.open(openUnsealed(this.#storage, this.#set, this.#shares, by), first);
  }

  async #begin({ barrier, foreign, storage }: Unsealed): Promise<void> {
    barrier.observe(this.#observer, () => void this.#upkeep.rotateIfDue());
    if (foreign) return;
    await this.#tally.keepIn(storage);
    this.#upkeep.start();
  }

  async #lock(unsealed: Unsealed): Promise<void> {
    if (unsealed.foreign) {
      unsealed.barrier.lock();
      return;
    }
    const ended = await lockAndSave(this.#homes.countHome(unsealed), unsealed.storage, this.#saveLimits);
    await unsealed.roster.close();
    if (ended === undefined) return;
    this.#observer.countSaveEnded(ended);
    // A seal that does not answer is no failure of sealing: the ceiling stays in force, and the count is not lost.
    if (ended.outcome === "failed" && !isSealFailure(ended.error)) throw ended.error;
  }
}
