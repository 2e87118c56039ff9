// SPDX-License-Identifier: Apache-2.0
/**
 * The sealed store: a storage, its seal, and whether it is open. What a program embeds, and what the server serves.
 * Several may live in one process; nothing is global.
 */
import type { Seal, ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import type { Barrier, KeyStatus } from "./barrier.ts";
import { type Cluster, readCluster } from "./cluster.ts";
import { rotateKeyring, saveEncryptionCount } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { type InitRequest, type InitShares, initialize } from "./init.ts";
import { isForeign, isInitialized, readRecoveryConfig, readSealConfig } from "./inventory.ts";
import { Mutex } from "./mutex.ts";
import { Quorum } from "./quorum.ts";
import { numbersOf } from "./seal-config.ts";
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

/** What can be told of a store at any time, sealed or not. */
export interface StoreStatus {
  /** The seal's type: as stored, or as configured before initialisation. */
  readonly type: string;
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Of the unseal shares, or of the recovery shares where the seal is an auto seal; zeros where there are none. */
  readonly numbers: ShareNumbers;
  /** Unseal shares counted so far. */
  readonly progress: number;
  /** The unseal attempt's nonce; empty while there is none. */
  readonly nonce: string;
  /** The type of the recovery shares' seal, where the seal is an auto seal. */
  readonly recoveryType?: string;
  readonly storageType: string;
  /** Known while unsealed. */
  readonly cluster?: Cluster;
  /** OpenBao or Vault wrote this storage and it was not adopted: it is read and never written. */
  readonly foreign: boolean;
}

interface Unsealed {
  readonly barrier: Barrier;
  readonly cluster: Cluster | undefined;
  readonly foreign: boolean;
}

const NO_SHARES: ShareNumbers = { shares: 0, threshold: 0 };

export class SealedStore {
  readonly #storage: Storage;
  readonly #shares: SharesSealPlugin;
  readonly #seal: Seal | undefined;
  readonly #now: () => Date;
  readonly #mutex = new Mutex();
  readonly #quorum: Quorum<null>;
  #unsealed: Unsealed | undefined;

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

  /** The open barrier, for entries at any path. Throws `SEALED`. */
  get barrier(): Barrier {
    return this.#opened().barrier;
  }

  /** Throws `STORAGE_INCOMPLETE`, and passes on what the storage rejects with. */
  async status(): Promise<StoreStatus> {
    const initialized = await isInitialized(this.#storage);
    const config = await readSealConfig(this.#storage);
    const quorumConfig = this.#seal === undefined ? config : await readRecoveryConfig(this.#storage);
    const attempt = this.#quorum.current;
    const cluster = this.#unsealed?.cluster;
    return {
      type: config?.type ?? (this.#seal ?? this.#shares).type,
      initialized,
      sealed: this.sealed,
      numbers: quorumConfig === undefined ? NO_SHARES : numbersOf(quorumConfig),
      progress: attempt?.shares.length ?? 0,
      nonce: attempt?.nonce ?? "",
      ...(this.#seal === undefined ? {} : { recoveryType: quorumConfig?.type ?? this.#shares.type }),
      storageType: this.#storage.type,
      ...(cluster === undefined ? {} : { cluster }),
      foreign: this.#unsealed?.foreign ?? (initialized && (await isForeign(this.#storage))),
    };
  }

  /**
   * Initialises an empty storage and leaves it sealed. Throws `ALREADY_INITIALIZED` or `INVALID_REQUEST`; whatever
   * fails, nothing was written.
   */
  initialize(request: InitRequest): Promise<InitShares> {
    return this.#mutex.run(async () => {
      if (await isInitialized(this.#storage)) {
        throw new CoreError("ALREADY_INITIALIZED", "Vault is already initialized");
      }
      return initialize(this.#storage, this.#seal, this.#shares, request, this.#now());
    });
  }

  /** Opens the store by its auto seal: one call to it. Opening an open one does nothing. */
  unseal(signal?: AbortSignal): Promise<void> {
    return this.#mutex.run(async () => {
      const seal = this.#seal;
      if (seal === undefined) throw new CoreError("INVALID_REQUEST", "this store is unsealed by shares, not by itself");
      if (this.#unsealed !== undefined) return;
      await this.#checkConfigured();
      await this.#enter(await openBySeal(this.#storage, seal, signal));
    });
  }

  /**
   * Counts one share (borrowed) towards unsealing; with the last one the store opens. For an auto-sealed store these
   * are recovery shares, and they let the seal open it. Repeating a share changes nothing. Throws `INVALID_SHARE`
   * without counting, `WRONG_SHARES` with progress back at 0.
   */
  submitShare(share: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#unsealed !== undefined) return;
      await this.#checkConfigured();
      const numbers = (await this.status()).numbers;
      if (numbers.shares === 0) throw new CoreError("INVALID_REQUEST", "this storage has no recovery key");
      checkShare(share, numbers);
      if (this.#quorum.current === undefined) this.#quorum.start(numbers.threshold, null);
      const attempt = this.#quorum.current;
      if (attempt === undefined || this.#quorum.submit(attempt.nonce, share) !== "quorum") return;
      try {
        await this.#enter(await this.#openByQuorum(this.#quorum.current?.shares ?? [], signal));
      } finally {
        this.#quorum.end();
      }
    });
  }

  /** Forgets the shares submitted so far. Throws `UNSEALED` where there is nothing to forget for. */
  resetShares(): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#unsealed !== undefined) throw new CoreError("UNSEALED", "vault is unsealed");
      this.#quorum.end();
    });
  }

  /** Forgets all keys, after saving the count of encryptions. Sealing a sealed store does nothing. */
  seal(): Promise<void> {
    return this.#mutex.run(async () => {
      const unsealed = this.#unsealed;
      this.#quorum.end();
      if (unsealed === undefined) return;
      try {
        if (!unsealed.foreign) await saveEncryptionCount(this.#storage, unsealed.barrier);
      } finally {
        this.#unsealed = undefined;
        unsealed.barrier.lock();
      }
    });
  }

  /** Adds a data key and makes it the active one. Throws `SEALED` or `FOREIGN_STORAGE`. */
  rotate(): Promise<KeyStatus> {
    return this.#mutex.run(async () => {
      const { barrier } = this.#writable();
      await rotateKeyring(this.#storage, barrier, this.#now().toISOString());
      return barrier.keyStatus;
    });
  }

  /** The plaintext at `path` or undefined. Throws `SEALED` or `ENTRY_CORRUPT`. */
  get(path: string): Promise<Buffer | undefined> {
    return this.barrier.get(path);
  }

  /** The names directly below `prefix`, folders with a trailing `/`. */
  list(prefix: string): Promise<string[]> {
    return this.barrier.list(prefix);
  }

  /** Encrypts and stores `value`; on disk when it resolves. Paths below `core/` are the store's own. */
  async put(path: string, value: Uint8Array): Promise<void> {
    await this.#userBarrier(path).put(path, value);
  }

  /** Deletes the entry at `path`, if there is one. */
  async delete(path: string): Promise<void> {
    await this.#userBarrier(path).delete(path);
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

  #writable(): Unsealed {
    const unsealed = this.#opened();
    if (!unsealed.foreign) return unsealed;
    throw new CoreError("FOREIGN_STORAGE", "another program wrote this storage; it is read and never written");
  }

  #userBarrier(path: string): Barrier {
    const { barrier } = this.#writable();
    if (path.startsWith("core/")) throw new CoreError("INVALID_REQUEST", `${path} is below core/, the store's own`);
    return barrier;
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

  #openByQuorum(shares: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<Barrier> {
    return this.#seal === undefined
      ? openByShares(this.#storage, this.#shares, shares)
      : openByRecoveryShares(this.#storage, this.#seal, this.#shares, shares, signal);
  }

  async #enter(barrier: Barrier): Promise<void> {
    const [cluster, foreign] = await Promise.all([readCluster(barrier), isForeign(this.#storage)]);
    this.#unsealed = { barrier, cluster, foreign };
  }
}
