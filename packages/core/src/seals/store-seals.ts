// SPDX-License-Identifier: Apache-2.0
/** What an operator and a health loop do with the seals of a store, sealed or not. */
import type { KeyInfo, SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import type { StoreObserver } from "../observer.ts";
import { STORED_KEYS } from "../paths.ts";
import type { Storage } from "../storage.ts";
import { proveSeal, rootKeyInfo } from "../stored-keys.ts";
import type { AttachedSeal } from "./attached-seal.ts";
import { deliverOutstanding } from "./deliver.ts";
import { readHoldings, type SealHolding } from "./holdings.ts";
import { rootKeyPath } from "./seal-record.ts";
import type { SealRoster } from "./seal-roster.ts";
import type { SealSet } from "./seal-set.ts";

/** Which keys an auto seal uses, as far as it says so. */
export interface SealProof {
  /** What the root key that is stored for it is under; undefined where none is. */
  readonly stored: KeyInfo | undefined;
  /** What anything new would be under. */
  readonly present: KeyInfo | undefined;
}

/** A store, as its seals see it. */
export interface StoreSealsDeps {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly set: SealSet;
  readonly observer: StoreObserver;
  /** While the store is open. */
  readonly roster: () => SealRoster | undefined;
  /** Aborts when the store is sealed. */
  readonly signal: () => AbortSignal;
  exclusively<T>(work: (open: OpenStore) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** `seal` with its wraps counted. */
  counted(attached: AttachedSeal): AttachedSeal;
}

export class StoreSeals {
  readonly #deps: StoreSealsDeps;

  constructor(deps: StoreSealsDeps) {
    this.#deps = deps;
  }

  /** The auto seals that are attached, by priority. */
  get attached(): readonly AttachedSeal[] {
    return this.#deps.set.all;
  }

  /**
   * Attaches a seal, in place of the one of its name, which is closed. Taken over. It opens the storage if that knows its
   * name, and is given nothing before it is added. Throws `INVALID_REQUEST`.
   */
  attach(attached: AttachedSeal): void {
    void this.#deps.set.attach(this.#deps.counted(attached))?.seal.close();
  }

  /** Detaches and closes a seal, if there is one of that name. The storage keeps what it holds for it. */
  async detach(name: string): Promise<void> {
    await this.#deps.set.detach(name)?.seal.close();
  }

  /** What each seal of the storage and each attached one holds and misses. */
  holdings(): Promise<readonly SealHolding[]> {
    const { storage, set, shares, roster } = this.#deps;
    return readHoldings(storage, set, shares, roster()?.record);
  }

  /**
   * Wraps and unwraps random bytes by the seal called `name`, the best one unless given, after which it is asked again if
   * it was in doubt or down. Rejects with a `SealError`, with what the storage rejects with, with `SEALED` where the store
   * is sealed meanwhile, and with `INVALID_REQUEST` where there is no such seal.
   */
  async prove(name = this.#deps.set.first?.name): Promise<SealProof> {
    const { set, storage, signal, roster } = this.#deps;
    const attached = name === undefined ? undefined : set.named(name);
    if (attached === undefined) throw new CoreError("INVALID_REQUEST", "this store has no such seal");
    const limit = signal();
    try {
      const present = await proveSeal(attached.seal, limit);
      set.proved(attached.name);
      const record = roster()?.record;
      const path = record === undefined ? STORED_KEYS : rootKeyPath(record, attached.name);
      return { stored: (await storage.get(path)) && (await rootKeyInfo(storage, path)), present };
    } catch (error) {
      if (limit.aborted) throw new CoreError("SEALED", "the store was sealed meanwhile");
      throw error;
    }
  }

  /** Notes that the seal does not answer: nobody waits for it until it is proved. */
  markDown(name: string, reason: unknown): void {
    this.#deps.set.down(name, reason);
  }

  /**
   * Gives every seal that answers what it missed, and proves those in doubt. Answers what is still outstanding; nothing is
   * while the store is sealed. Never rejects.
   */
  deliverOutstanding(): Promise<void> {
    return deliverOutstanding(this.#deps);
  }
}
