// SPDX-License-Identifier: Apache-2.0
/**
 * The sealed store: a storage, its seal, and whether it is open. What a program embeds, and what the server serves.
 * Several may live in one process; nothing is global.
 */
import { isSealError, type Seal, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "./authority.ts";
import type { Barrier, KeyStatus } from "./barrier.ts";
import { type Cluster, readCluster } from "./cluster.ts";
import { rotateKeyring, saveKeyring } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { type InitRequest, type InitShares, initialize } from "./init.ts";
import { isForeign, isInitialized, readRecoveryConfig, readSealConfig } from "./inventory.ts";
import { Mutex } from "./mutex.ts";
import { RESERVED } from "./paths.ts";
import { Quorum } from "./quorum.ts";
import { readOnly } from "./read-only.ts";
import { NO_SHARES, numbersOf } from "./seal-config.ts";
import { sealConfigsMatch } from "./seal-config-copy.ts";
import type { StoreStatus } from "./status.ts";
import type { Storage } from "./storage.ts";
import { checkShare, openByRecoveryShares, openBySeal, openByShares } from "./unseal.ts";

export interface StoreOptions {
  /** Taken over: `close` closes it. */
  readonly storage: Storage;
  /** What splits keys into shares: the unseal key's where there is no auto seal, the recovery key's where there is. */
  readonly shares: SharesSealPlugin;
  /** The auto seal, if one unseals this store. Taken over: `close` closes it. */
  readonly seal?: Seal;
  /** The clock; the system's unless given. */
  readonly now?: () => Date;
}

interface Unsealed {
  readonly barrier: Barrier;
  /** What the barrier writes to: refuses every batch where the storage is foreign. */
  readonly storage: Storage;
  readonly cluster: Cluster | undefined;
  readonly foreign: boolean;
}

export class SealedStore {
  readonly #storage: Storage;
  readonly #shares: SharesSealPlugin;
  readonly #seal: Seal | undefined;
  readonly #now: () => Date;
  // Initialising, opening, sealing and changes of the keyring come one after another; reads and writes don't wait.
  readonly #mutex = new Mutex();
  readonly #quorum: Quorum<"unseal">;
  readonly #sealedListeners: (() => void)[] = [];
  #interrupt = new AbortController();
  #unsealed: Unsealed | undefined;
  readonly #whenUnsealed: (() => void)[] = [];

  constructor(options: StoreOptions) {
    this.#storage = options.storage;
    this.#shares = options.shares;
    this.#seal = options.seal;
    this.#now = options.now ?? (() => new Date());
    this.#quorum = new Quorum(() => this.#now().getTime());
  }

  /** Whether a service or device opens this store rather than people. */
  get autoSealed(): boolean {
    return this.#seal !== undefined;
  }

  get sealed(): boolean {
    return this.#unsealed === undefined;
  }

  /** Has `listener` called after every unseal. It must not throw. */
  onUnsealed(listener: () => void): void {
    this.#whenUnsealed.push(listener);
  }

  /** The open barrier, for entries at any path. Throws `SEALED`. */
  get barrier(): Barrier {
    return this.#opened().barrier;
  }

  /** Rejects with `STORAGE_INCOMPLETE` or `ENTRY_CORRUPT`, and with what the storage rejects with. */
  async status(): Promise<StoreStatus> {
    const initialized = await isInitialized(this.#storage);
    const config = await readSealConfig(this.#storage);
    const recovery = this.#seal === undefined ? undefined : await readRecoveryConfig(this.#storage);
    const numbers = this.#seal === undefined ? config : recovery;
    const attempt = this.#quorum.current;
    const cluster = this.#unsealed?.cluster;
    return {
      type: config?.type ?? (this.#seal ?? this.#shares).type,
      initialized,
      sealed: this.sealed,
      numbers: numbers === undefined ? NO_SHARES : numbersOf(numbers),
      progress: attempt?.shares.length ?? 0,
      nonce: attempt?.nonce ?? "",
      ...(this.#seal === undefined ? {} : { recoveryType: recovery?.type ?? this.#shares.type }),
      storageType: this.#storage.type,
      ...(cluster === undefined ? {} : { cluster }),
      foreign: this.#unsealed?.foreign ?? (initialized && (await isForeign(this.#storage))),
      sealConfigsAltered: await this.#configsAltered(),
    };
  }

  /**
   * Initialises an empty storage and leaves it sealed. Rejects with `ALREADY_INITIALIZED`, `STORAGE_INCOMPLETE`,
   * `INVALID_REQUEST` or a `SealError`; whatever fails, nothing was written.
   */
  initialize(request: InitRequest): Promise<InitShares> {
    return this.#mutex.run(async () => {
      if (await isInitialized(this.#storage)) {
        throw new CoreError("ALREADY_INITIALIZED", "Vault is already initialized");
      }
      const signal = this.#interruptible(request.signal);
      return initialize(this.#storage, this.#seal, this.#shares, { ...request, signal }, this.#now());
    });
  }

  /**
   * Opens the store by its auto seal: one call to it. Opening an open one does nothing. Rejects with `WRONG_SEAL`,
   * `NOT_INITIALIZED`, `STORAGE_INCOMPLETE`, `ENTRY_CORRUPT` or a `SealError`.
   */
  unseal(signal?: AbortSignal): Promise<void> {
    return this.#mutex.run(async () => {
      const seal = this.#seal;
      if (seal === undefined) throw new CoreError("INVALID_REQUEST", "this store is unsealed by shares, not by itself");
      if (this.#unsealed !== undefined) return;
      await this.#checkConfigured();
      await this.#open((storage) => openBySeal(storage, seal, this.#interruptible(signal)));
    });
  }

  /**
   * Counts one share (borrowed) towards unsealing; with the last one the store opens. For an auto-sealed store these
   * are recovery shares, and they let the seal open it. Repeating a share changes nothing. Rejects with `INVALID_SHARE`
   * without counting, and with `WRONG_SHARES` with progress back at 0; where the seal cannot be asked now (a
   * `SealError` that is `retryable`), the last share alone goes, and giving it again tries again.
   */
  submitShare(share: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#unsealed !== undefined) return;
      await this.#checkConfigured();
      const numbers = await this.#numbers();
      checkShare(share, numbers);
      this.#quorum.start(numbers.threshold, "unseal");
      const attempt = this.#quorum.current;
      if (attempt === undefined || this.#quorum.submit(attempt.nonce, share) !== "quorum") return;
      await this.#decide(signal);
    });
  }

  /** Forgets the shares submitted so far. Rejects with `UNSEALED` where there is nothing to forget for. */
  resetShares(): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#unsealed !== undefined) throw new CoreError("UNSEALED", "vault is unsealed");
      this.#quorum.end();
    });
  }

  /**
   * Forgets all keys at once, then saves the count of encryptions; whatever becomes of that, the store is sealed. An
   * unseal, initialisation or ceremony that waits for the seal is abandoned. Sealing a sealed store does nothing.
   */
  seal(): Promise<void> {
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
    return this.#mutex.run(async () => {
      this.#quorum.end();
      const unsealed = this.#unsealed;
      this.#unsealed = undefined;
      for (const listener of this.#sealedListeners) listener();
      const unsaved = unsealed?.barrier.lock();
      if (unsealed === undefined || unsaved === undefined || unsealed.foreign) return;
      await saveKeyring(unsealed.storage, unsaved);
    });
  }

  /** Adds a data key and makes it the active one. Rejects with `SEALED` or `FOREIGN_STORAGE`; the old one then stays. */
  rotate(): Promise<KeyStatus> {
    return this.#mutex.run(async () => {
      const { barrier, storage } = this.#opened();
      await rotateKeyring(storage, barrier, this.#now().toISOString());
      return barrier.keyStatus;
    });
  }

  /** The plaintext at `path` or undefined. Rejects with `SEALED` or `ENTRY_CORRUPT`. */
  async get(path: string): Promise<Buffer | undefined> {
    return this.barrier.get(path);
  }

  /** The names directly below `prefix`, folders with a trailing `/`. Rejects with `SEALED`. */
  async list(prefix: string): Promise<string[]> {
    return this.barrier.list(prefix);
  }

  /**
   * Encrypts and stores `value`; on disk when it resolves. Rejects with `SEALED`, `FOREIGN_STORAGE`, and with
   * `INVALID_REQUEST` for paths below `core/` and `sealwright/core/`, the store's own.
   */
  async put(path: string, value: Uint8Array): Promise<void> {
    const { barrier } = this;
    refuseReserved(path);
    await barrier.put(path, value);
  }

  /** Deletes the entry at `path`, if there is one. Rejects as `put` does. */
  async delete(path: string): Promise<void> {
    const { barrier } = this;
    refuseReserved(path);
    await barrier.delete(path);
  }

  /**
   * Runs `work` on the open store while nothing else changes its keys; reads and writes go on. For ceremonies. Rejects
   * with `SEALED`, and with what `work` rejects with. Sealing meanwhile abandons its calls to the seal, as `signal` does.
   */
  exclusively<T>(work: (open: OpenStore) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#mutex.run(() => {
      const { storage, barrier, foreign } = this.#opened();
      const now = this.#now().toISOString();
      return work({
        storage,
        barrier,
        foreign,
        seal: this.#seal,
        plugin: this.#shares,
        now,
        signal: this.#interruptible(signal),
      });
    });
  }

  /** Calls `listener` whenever the store has been sealed, before `seal` resolves. */
  onSealed(listener: () => void): void {
    this.#sealedListeners.push(listener);
  }

  /** Seals, and closes storage and seal. */
  async close(): Promise<void> {
    try {
      await this.seal();
    } finally {
      await this.#seal?.close();
      await this.#storage.close();
    }
  }

  #opened(): Unsealed {
    if (this.#unsealed === undefined) throw new CoreError("SEALED", "the store is sealed");
    return this.#unsealed;
  }

  /** Aborts with `signal`, and when the store is sealed or closed meanwhile. */
  #interruptible(signal: AbortSignal | undefined): AbortSignal {
    const own = this.#interrupt.signal;
    return signal === undefined ? own : AbortSignal.any([own, signal]);
  }

  async #checkConfigured(): Promise<void> {
    if (!(await isInitialized(this.#storage))) throw new CoreError("NOT_INITIALIZED", "Vault is not initialized");
    const stored = (await readSealConfig(this.#storage))?.type;
    const configured = (this.#seal ?? this.#shares).type;
    if (stored === configured) return;
    throw new CoreError(
      "WRONG_SEAL",
      `this storage was initialised with a ${stored} seal, and the configuration has a ${configured} seal`,
    );
  }

  async #configsAltered(): Promise<boolean> {
    const unsealed = this.#unsealed;
    if (unsealed === undefined) return false;
    try {
      return !(await sealConfigsMatch({ ...unsealed, seal: this.#seal }));
    } catch (error) {
      // It was sealed meanwhile.
      if (this.sealed) return false;
      throw error;
    }
  }

  /** Of the shares that unseal this store. */
  async #numbers(): Promise<ShareNumbers> {
    const config = await (this.#seal === undefined ? readSealConfig : readRecoveryConfig)(this.#storage);
    const numbers = config === undefined ? NO_SHARES : numbersOf(config);
    if (numbers.shares > 0) return numbers;
    throw new CoreError("INVALID_REQUEST", "this storage has no shares that could unseal it");
  }

  async #decide(signal: AbortSignal | undefined): Promise<void> {
    const shares = this.#quorum.current?.shares ?? [];
    const seal = this.#seal;
    try {
      await this.#open((storage) =>
        seal === undefined
          ? openByShares(storage, this.#shares, shares)
          : openByRecoveryShares(storage, seal, this.#shares, shares, this.#interruptible(signal)),
      );
      this.#quorum.end();
    } catch (error) {
      if (isSealError(error) && error.retryable) this.#quorum.withdraw();
      else this.#quorum.end();
      throw error;
    }
  }

  async #open(openBarrier: (storage: Storage) => Promise<Barrier>): Promise<void> {
    const foreign = await isForeign(this.#storage);
    const storage = foreign ? readOnly(this.#storage) : this.#storage;
    const barrier = await openBarrier(storage);
    this.#unsealed = { barrier, storage, cluster: await readCluster(barrier), foreign };
    for (const listener of this.#whenUnsealed) listener();
  }
}

function refuseReserved(path: string): void {
  const reserved = RESERVED.find((prefix) => path.startsWith(prefix));
  if (reserved === undefined) return;
  throw new CoreError("INVALID_REQUEST", `the path ${path} is below ${reserved}, the store's own`);
}
