// SPDX-License-Identifier: Apache-2.0
/**
 * The active data key, used no further than the ceiling on disk allows. At the half of a block a put takes the next
 * ceiling along in its own batch; whoever finds no room left waits for that batch and for nothing else.
 */
import { sealEntry } from "../entry.ts";
import { CoreError } from "../errors.ts";
import type { DataKey, Keyring } from "../keyring.ts";
import type { StoreObserver } from "../observer.ts";
import { ENCRYPTION_COUNT, ENCRYPTION_COUNT_ASIDE } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import { type Ceiling, sealCeiling } from "./ceiling-entry.ts";
import { blockOf, EncryptionCount } from "./encryption-count.ts";
import type { Resumed } from "./resume.ts";
import type { Turn } from "./turn.ts";

/** Where a key is used, and whose turn it is to write its ceiling. */
export interface KeyContext {
  readonly storage: Storage;
  readonly turn: Turn;
  /** Whether there is a ceiling: a foreign storage has none, since only we would read it. */
  readonly limited: boolean;
  /** Told of encryptions. */
  observer: StoreObserver;
  /** Called when a ceiling is on disk. */
  onRaised: () => void;
}

export class CountedKey {
  readonly #context: KeyContext;
  readonly #key: DataKey;
  readonly #count: EncryptionCount;
  #block: number;
  // The entry on disk, in force.
  #ceiling: Ceiling | undefined;
  // Encrypted and not known to be on disk: tried again as it is, since another one would be another encryption.
  #next: Ceiling | undefined;

  private constructor(context: KeyContext, keyring: Keyring, count: EncryptionCount, block: number) {
    this.#context = context;
    this.#key = keyring.active;
    this.#count = count;
    this.#block = block;
  }

  /** The key of a keyring that is on disk: `resumed` is what was found beside it. */
  static resume(context: KeyContext, keyring: Keyring, { count, ready }: Resumed): CountedKey {
    const block = blockOf(keyring.rotation.maxOperations);
    const ceiling = context.limited ? count : undefined;
    const key = new CountedKey(context, keyring, new EncryptionCount(count, block, ceiling), block);
    key.#next = ready;
    return key;
  }

  /** The key of a keyring that is yet to be written, its first ceiling ready for the same batch. */
  static fresh(context: KeyContext, keyring: Keyring): CountedKey {
    const block = blockOf(keyring.rotation.maxOperations);
    const count = new EncryptionCount(keyring.active.encryptions, block, undefined);
    const key = new CountedKey(context, keyring, count, block);
    if (context.limited) key.#prepare(0);
    return key;
  }

  get term(): number {
    return this.#key.term;
  }

  /** All encryptions under this key. */
  get total(): bigint {
    return this.#count.total;
  }

  /** The entry in storage that holds the ceiling, if one does. */
  get ceiling(): Ceiling | undefined {
    return this.#ceiling;
  }

  /** A ceiling that is encrypted for the next batch, or else the one on disk. */
  get ready(): Ceiling | undefined {
    return this.#next ?? this.#ceiling;
  }

  /** Throws `KEY_EXHAUSTED` where the key must not encrypt data `encryptions` times more. */
  checkLeft(encryptions: number): void {
    if (this.#count.left(encryptions)) return;
    const message = `the data key of term ${this.term} has encrypted ${this.total} times and must not be used up to 2^32`;
    throw new CoreError("KEY_EXHAUSTED", `${message}: nothing can be written until there is a new one`);
  }

  /** Counts `encryptions` that are made at once after this, where there is room for them; answers whether there is. */
  take(encryptions: number): boolean {
    return this.#count.take(encryptions);
  }

  /** One encryption, which `take` has counted. */
  encrypt(path: string, plaintext: Uint8Array): Uint8Array {
    return sealEntry(this.#key.term, this.#key.key, path, plaintext);
  }

  /** Waits for whoever is at the ceiling, or else raises it. There may be room for `encryptions` then: look again. */
  async makeRoom(encryptions: number): Promise<void> {
    const release = this.#context.turn.tryTake();
    if (release === undefined) return this.#context.turn.given();
    try {
      await this.#context.storage.write(this.#prepare(encryptions));
      this.written();
    } finally {
      release();
    }
  }

  /** Writes a batch of what was encrypted, with a new ceiling where one is due and nobody else is at it. */
  write(batch: readonly Change[]): Promise<void> {
    if (!this.#count.low) return this.#context.storage.write(batch);
    const release = this.#context.turn.tryTake();
    return release === undefined ? this.#context.storage.write(batch) : this.#writeRaising(batch, release);
  }

  async #writeRaising(batch: readonly Change[], release: () => void): Promise<void> {
    try {
      await this.#context.storage.write([...batch, ...this.#prepare(0)]);
      this.written();
    } finally {
      release();
    }
  }

  /** Raises the ceiling where that is due, for encryptions that no batch follows; nobody waits for it. */
  raiseBeside(): void {
    // A failure shows where it matters: the next one tries again, and whoever finds no room waits and is told.
    if (this.#count.low) this.makeRoom(0).catch(() => undefined);
  }

  /**
   * What of the ceiling belongs into a batch that writes a keyring rotating at `maxOperations`: a new one where there is
   * none, or where blocks have another size from now on. Ask with the turn; call `written` once it is on disk.
   */
  ceilingFor(maxOperations: bigint): readonly Change[] {
    const block = blockOf(maxOperations);
    if (!this.#context.limited || (this.#ceiling !== undefined && block === this.#block)) return [];
    if (block !== this.#block) {
      this.#block = block;
      this.#count.resize(block);
      this.#next = undefined;
    }
    return this.#prepare(0);
  }

  /** The ceiling that was prepared last is on disk. */
  written(): void {
    if (this.#next === undefined) return;
    this.#ceiling = this.#next;
    this.#count.raised(this.#next.ceiling);
    this.#next = undefined;
    this.#context.onRaised();
  }

  /** The changes that raise the ceiling so that `encryptions` have room. */
  #prepare(encryptions: number): readonly Change[] {
    if (this.#next === undefined || !this.#count.fits(encryptions, this.#next.ceiling)) {
      this.#count.takeReserved();
      this.#next = sealCeiling(this.#key, this.#count.nextCeiling(encryptions));
      this.#context.observer.encrypted("ceiling", 1);
    }
    return [
      { op: "put", path: ENCRYPTION_COUNT, value: this.#next.entry },
      { op: "delete", path: ENCRYPTION_COUNT_ASIDE },
    ];
  }
}
