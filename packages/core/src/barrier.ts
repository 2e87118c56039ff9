// SPDX-License-Identifier: Apache-2.0
/**
 * The barrier: everything that goes to storage passes here and is encrypted with the active data key. The keyring is
 * an immutable value that is swapped, so reads and writes take no lock; every encryption under the active key counts,
 * and none goes beyond a ceiling that is on disk.
 */
import type { Ceiling } from "./counting/ceiling-entry.ts";
import { CountedKey, type KeyContext } from "./counting/counted-key.ts";
import type { Resumed } from "./counting/resume.ts";
import { Turn } from "./counting/turn.ts";
import { openEntry, termOf } from "./entry.ts";
import { CoreError } from "./errors.ts";
import { type DataKey, type Keyring, withEncryptions } from "./keyring.ts";
import { type StoreObserver, UNOBSERVED } from "./observer.ts";
import { type Change, checkPath, type Storage } from "./storage.ts";

/** A change whose value is still plaintext. */
export type PlainChange = Change;

/** What `sys/key-status` tells of the active data key. */
export interface KeyStatus {
  readonly term: number;
  /** RFC 3339. */
  readonly installTime: string;
  readonly encryptions: bigint;
}

/** The keyring at its end, its count final, and what is in force besides. */
export interface LastState {
  readonly keyring: Keyring;
  /** Whether the keyring on disk has another count. */
  readonly moved: boolean;
  readonly ceiling: Ceiling | undefined;
  readonly turn: Turn;
}

interface Open {
  readonly keyring: Keyring;
  readonly key: CountedKey;
}

/**
 * Encrypts what goes to storage under the active data key, decrypts what comes back, and counts. `lock` forgets the
 * keys; every call after it rejects with `SEALED`.
 */
export class Barrier {
  readonly #storage: Storage;
  readonly #context: KeyContext;
  #open: Open | undefined;

  private constructor(storage: Storage, limited: boolean, openKey: (context: KeyContext) => Open) {
    this.#storage = storage;
    this.#context = { storage, limited, turn: new Turn(), observer: UNOBSERVED, onRaised: () => {} };
    this.#open = openKey(this.#context);
  }

  /** A barrier on a keyring that `storage` holds, and on what was found of its count. */
  static resume(storage: Storage, keyring: Keyring, resumed: Resumed): Barrier {
    const openKey = (context: KeyContext): Open => ({ keyring, key: CountedKey.resume(context, keyring, resumed) });
    return new Barrier(storage, resumed.limited, openKey);
  }

  /** A barrier on a new keyring that is yet to be written. */
  static fresh(storage: Storage, keyring: Keyring): Barrier {
    return new Barrier(storage, true, (context) => ({ keyring, key: CountedKey.fresh(context, keyring) }));
  }

  /** Tells `observer` of what is done from now on, and calls `onRaised` whenever a block of the count is used up. */
  observe(observer: StoreObserver, onRaised: () => void): void {
    this.#context.observer = observer;
    this.#context.onRaised = onRaised;
  }

  /** The current keyring. Throws `SEALED` after `lock`. */
  get keyring(): Keyring {
    return this.#opened().keyring;
  }

  /** Encryptions under the active key, saved or not. Throws `SEALED`. */
  get encryptions(): bigint {
    return this.#opened().key.total;
  }

  /** The active key's term, age and count. Throws `SEALED`. */
  get keyStatus(): KeyStatus {
    const { term, installTime } = this.keyring.active;
    return { term, installTime, encryptions: this.encryptions };
  }

  /** The key that `next` would encrypt with: the active one, or a new one if the term is new. Throws `SEALED`. */
  keyFor(next: Keyring): CountedKey {
    const { key } = this.#opened();
    return next.active.term === key.term ? key : CountedKey.fresh(this.#context, next);
  }

  /**
   * Writes `batch`, which holds the entry of `next`, with the ceiling of `key` where it needs one, and then puts both in
   * place of what is active. Where the write fails, everything stays as it was; where the barrier was locked meanwhile, it
   * stays locked.
   */
  install(next: Keyring, key: CountedKey, batch: readonly Change[]): Promise<void> {
    return this.#context.turn.run(async () => {
      const ceiling = key.ceilingFor(next.rotation.maxOperations);
      await this.#storage.write([...batch, ...ceiling]);
      if (ceiling.length > 0) key.written();
      if (this.#open !== undefined) this.#open = { keyring: next, key };
    });
  }

  /**
   * Writes `batch` as it is, for `next`, which differs from `expected` in its saved count at most. Answers false, and
   * writes nothing, where `expected` is no longer the keyring.
   */
  replaceCount(expected: Keyring, next: Keyring, batch: readonly Change[]): Promise<boolean> {
    return this.#context.turn.run(async () => {
      if (this.#open?.keyring !== expected) return false;
      await this.#storage.write(batch);
      // Not put back where the barrier was locked meanwhile.
      if (this.#open !== undefined) this.#open = { ...this.#open, keyring: next };
      return true;
    });
  }

  /** Raises the ceiling where that is due, so that no put has to wait for it. Throws `SEALED`. */
  async prepareKey(): Promise<void> {
    await this.#opened().key.makeRoom(0);
  }

  /**
   * Forgets every key: later calls throw `SEALED`, so the count is final. Answers what there is to save, for the caller
   * to write and let go of; undefined where it was locked before.
   */
  lock(): LastState | undefined {
    if (this.#open === undefined) return undefined;
    const { keyring, key } = this.#open;
    this.#open = undefined;
    const moved = key.total !== keyring.active.encryptions;
    return { keyring: withEncryptions(keyring, key.total), moved, ceiling: key.ceiling, turn: this.#context.turn };
  }

  /** The plaintext at `path` or undefined. Rejects with `SEALED` or `ENTRY_CORRUPT`. */
  async get(path: string): Promise<Buffer | undefined> {
    this.#opened();
    const began = performance.now();
    const entry = await this.#storage.get(path);
    // The keyring of now, not of before the read: a rotation in between may have added the term that this entry names.
    const plaintext = entry === undefined ? undefined : this.open(path, entry);
    this.#context.observer.read(performance.now() - began);
    return plaintext;
  }

  /** Decrypts what was stored at `path`. Throws `SEALED` or `ENTRY_CORRUPT`. */
  open(path: string, entry: Uint8Array): Buffer {
    return openEntry(keyOf(this.keyring, path, entry), path, entry);
  }

  /** The names directly below `prefix`, folders with a trailing `/`. Names are not encrypted. Rejects with `SEALED`. */
  async list(prefix: string): Promise<string[]> {
    this.#opened();
    const began = performance.now();
    const names = await this.#storage.list(prefix);
    this.#context.observer.listed(performance.now() - began);
    return names;
  }

  /**
   * Encrypts what is not stored, such as a token, for the made-up `path`, and counts it. Rejects with `SEALED`, and with
   * what the storage rejects with where the ceiling had to be raised first, and with `KEY_EXHAUSTED`.
   */
  async encrypt(path: string, plaintext: Uint8Array): Promise<Uint8Array> {
    while (!this.#take(1)) await this.#opened().key.makeRoom(1);
    const { key } = this.#opened();
    this.#context.observer.encrypted("token", 1);
    key.raiseBeside();
    return key.encrypt(path, plaintext);
  }

  /**
   * Encrypts `changes` and writes them, with `raw` as it is, in one batch: all of it or nothing. Rejects with `SEALED`,
   * `KEY_EXHAUSTED`, `STORAGE_PATH`, and with what the storage rejects with.
   */
  async write(changes: readonly PlainChange[], raw: readonly Change[] = []): Promise<void> {
    this.#opened();
    const puts = countPuts(changes);
    const began = performance.now();
    while (!this.#take(puts)) await this.#opened().key.makeRoom(puts);
    // Nothing may come in between: what was counted for this key is encrypted by it.
    const { key } = this.#opened();
    const { observer } = this.#context;
    observer.encrypted("put", puts);
    await key.write([...changes.map((each) => encrypted(key, each)), ...raw]);
    observer.wrote(puts, changes.length - puts, performance.now() - began);
  }

  /** Writes one entry. */
  put(path: string, value: Uint8Array): Promise<void> {
    return this.write([{ op: "put", path, value }]);
  }

  /** Deletes one entry; what is not there is no error. */
  delete(path: string): Promise<void> {
    return this.write([{ op: "delete", path }]);
  }

  /**
   * `changes` encrypted by `key`, counted as what goes with a keyring, and never refused as `KEY_EXHAUSTED`: it is what
   * brings a new key. Rejects with `STORAGE_PATH` before it counts, and with `SEALED`.
   */
  async encryptFor(key: CountedKey, changes: readonly PlainChange[]): Promise<Change[]> {
    const puts = countPuts(changes);
    while (!key.take(puts)) {
      await key.makeRoom(puts);
      // Locked meanwhile, the count is final: nothing more may be encrypted.
      this.#opened();
    }
    this.#context.observer.encrypted("keyring", puts);
    return changes.map((each) => encrypted(key, each));
  }

  /** Counts encryptions of data; answers whether there is room for them. Throws `SEALED` or `KEY_EXHAUSTED`. */
  #take(encryptions: number): boolean {
    const { key } = this.#opened();
    key.checkLeft(encryptions);
    return key.take(encryptions);
  }

  #opened(): Open {
    if (this.#open === undefined) throw new CoreError("SEALED", "the store is sealed");
    return this.#open;
  }
}

/** How many of `changes` are puts. Throws `STORAGE_PATH` where a storage would, before anything is encrypted. */
function countPuts(changes: readonly PlainChange[]): number {
  let puts = 0;
  for (const { op, path } of changes) {
    checkPath(path);
    if (op === "put") puts++;
  }
  return puts;
}

function encrypted(key: CountedKey, change: PlainChange): Change {
  return change.op === "put" ? { ...change, value: key.encrypt(change.path, change.value) } : change;
}

function keyOf({ keys }: Keyring, path: string, entry: Uint8Array): DataKey["key"] {
  const term = termOf(path, entry);
  const key = keys.get(term)?.key;
  if (key !== undefined) return key;
  throw new CoreError("ENTRY_CORRUPT", `the entry ${path} names key term ${term}, which the keyring does not have`);
}
