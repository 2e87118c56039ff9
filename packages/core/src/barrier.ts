// SPDX-License-Identifier: Apache-2.0
/**
 * The barrier: everything that goes to storage passes here and is encrypted with the active data key. The keyring is
 * an immutable value that is swapped, so reads and writes take no lock; every encryption under the active key counts.
 */
import { openEntry, sealEntry, termOf } from "./entry.ts";
import { CoreError } from "./errors.ts";
import { type DataKey, type Keyring, withEncryptions } from "./keyring.ts";
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

export class Barrier {
  readonly #storage: Storage;
  #keyring: Keyring | undefined;
  // Encryptions under the active key since its saved count, a number for speed: 2^53 of them take centuries.
  #unsaved = 0;

  constructor(storage: Storage, keyring: Keyring) {
    this.#storage = storage;
    this.#keyring = keyring;
  }

  /** The current keyring. Throws `SEALED` after `lock`. */
  get keyring(): Keyring {
    if (this.#keyring === undefined) throw new CoreError("SEALED", "the store is sealed");
    return this.#keyring;
  }

  /** Encryptions under the active key, saved or not. Throws `SEALED`. */
  get encryptions(): bigint {
    return this.keyring.active.encryptions + BigInt(this.#unsaved);
  }

  /** The active key's term, age and count. Throws `SEALED`. */
  get keyStatus(): KeyStatus {
    const { term, installTime } = this.keyring.active;
    return { term, installTime, encryptions: this.encryptions };
  }

  /**
   * Puts `next` in place of the keyring, once it is on disk. What `next` has saved of the count is no longer unsaved;
   * a new active key starts a count of its own.
   */
  swap(next: Keyring): void {
    const { active } = this.keyring;
    this.#unsaved =
      next.active.term === active.term ? this.#unsaved - Number(next.active.encryptions - active.encryptions) : 0;
    this.#keyring = next;
  }

  /**
   * Forgets every key: later calls throw `SEALED`, so the count is final. Answers the keyring with that count where it
   * is yet to be saved, for the caller to write and let go of. Locking again does nothing.
   */
  lock(): Keyring | undefined {
    const unsaved = this.#unsaved === 0 ? undefined : withEncryptions(this.keyring, this.encryptions);
    this.#keyring = undefined;
    this.#unsaved = 0;
    return unsaved;
  }

  /** The plaintext at `path` or undefined. Rejects with `SEALED` or `ENTRY_CORRUPT`. */
  async get(path: string): Promise<Buffer | undefined> {
    this.#assertOpen();
    const entry = await this.#storage.get(path);
    // The keyring of now, not of before the read: a rotation in between may have added the term that this entry names.
    return entry === undefined ? undefined : openEntry(keyOf(this.keyring, path, entry), path, entry);
  }

  /** The names directly below `prefix`, folders with a trailing `/`. Names are not encrypted. Rejects with `SEALED`. */
  async list(prefix: string): Promise<string[]> {
    this.#assertOpen();
    return this.#storage.list(prefix);
  }

  /** Encrypts `plaintext` for `path` under the active key, and counts it. Throws `SEALED`. */
  encrypt(path: string, plaintext: Uint8Array): Uint8Array {
    const { active } = this.keyring;
    this.#unsaved++;
    return sealEntry(active.term, active.key, path, plaintext);
  }

  /** A batch with every value encrypted, for storage as it is. Throws `SEALED`, or `STORAGE_PATH` before it counts. */
  encryptAll(changes: readonly PlainChange[]): Change[] {
    for (const { path } of changes) checkPath(path);
    return changes.map((each) => (each.op === "put" ? { ...each, value: this.encrypt(each.path, each.value) } : each));
  }

  /** Encrypts `changes` and writes them, with `raw` as it is, in one batch: all of it or nothing. */
  async write(changes: readonly PlainChange[], raw: readonly Change[] = []): Promise<void> {
    this.#assertOpen();
    await this.#storage.write([...this.encryptAll(changes), ...raw]);
  }

  /** Writes one entry. */
  put(path: string, value: Uint8Array): Promise<void> {
    return this.write([{ op: "put", path, value }]);
  }

  /** Deletes one entry; what is not there is no error. */
  delete(path: string): Promise<void> {
    return this.write([{ op: "delete", path }]);
  }

  #assertOpen(): void {
    void this.keyring;
  }
}

function keyOf({ keys }: Keyring, path: string, entry: Uint8Array): DataKey["key"] {
  const term = termOf(path, entry);
  const key = keys.get(term)?.key;
  if (key !== undefined) return key;
  throw new CoreError("ENTRY_CORRUPT", `the entry ${path} names key term ${term}, which the keyring does not have`);
}
