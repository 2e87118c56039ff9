// SPDX-License-Identifier: Apache-2.0
/** What an operator and a health loop do with the seals of a store, sealed or not. */
import type { KeyInfo, SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import type { Interruption } from "../interruption.ts";
import type { StoreObserver } from "../observer.ts";
import { STORED_KEYS } from "../paths.ts";
import type { Storage } from "../storage.ts";
import { proveSeal, rootKeyInfo } from "../stored-keys.ts";
import { addSeal } from "./add-seal.ts";
import type { AttachedSeal } from "./attached-seal.ts";
import { type BreakGlassRequest, establishBreakGlass } from "./break-glass.ts";
import { deliverOutstanding } from "./deliver.ts";
import { layerKeyIds, readHoldings, type SealHolding, type WrappedEntry } from "./holdings.ts";
import { finishMigration, type MigrationPlan, migrate, planMigration, undoMigration } from "./migrate.ts";
import { removeSeal } from "./remove-seal.ts";
import { type RewrappedEntry, rewrapRootKey } from "./rewrap-root-key.ts";
import type { Risk } from "./risk.ts";
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

/** How the seals of a store are changed. */
export interface SealChangeOptions {
  /** Whether a seal may be let in that makes the whole weaker. */
  readonly weaker?: Risk;
  /** Whether one up-to-date seal of several may be left, and a recovery key lost that no seal at hand can tell. */
  readonly force?: Risk;
  readonly signal?: AbortSignal | undefined;
}

/** A store, as its seals see it. */
export interface StoreSealsDeps {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly set: SealSet;
  readonly observer: StoreObserver;
  /** While the store is open. */
  readonly roster: () => SealRoster | undefined;
  readonly interruption: Interruption;
  exclusively<T>(work: (open: OpenStore) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** `seal` with its wraps counted. */
  counted(attached: AttachedSeal): AttachedSeal;
}

/** The seals of one store: looked at, proved, and changed with its leave. */
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

  /** The keys that the layer of seal wrap is under: one entry for each slot, which does not say whose it is. */
  layer(): Promise<readonly WrappedEntry[]> {
    return layerKeyIds(this.#deps.storage);
  }

  /**
   * Wraps and unwraps random bytes by the seal called `name`, the best one unless given, after which it is asked again if
   * it was down; one in doubt is once `deliverOutstanding` has given it the root key anew. Rejects with a `SealError`,
   * with what the storage rejects with, with `SEALED` where the store is sealed meanwhile, and with `INVALID_REQUEST`
   * where there is no such seal.
   */
  async prove(name = this.#deps.set.first?.name): Promise<SealProof> {
    const { set, storage, interruption, roster } = this.#deps;
    const attached = name === undefined ? undefined : set.named(name);
    if (attached === undefined) throw new CoreError("INVALID_REQUEST", "this store has no such seal");
    const limit = interruption.signal;
    try {
      const present = await proveSeal(attached.seal, limit);
      set.up(attached.name);
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
   * Gives every seal that answers what it missed, and those in doubt the root key once they have proved themselves. Does
   * nothing while the store is sealed. Never rejects.
   */
  deliverOutstanding(): Promise<void> {
    return deliverOutstanding(this.#deps);
  }

  /**
   * Moves what the auto seals have wrapped for themselves, root key and recovery key, to the newest versions of their keys:
   * of the seal called `name`, or of each. Answers what moved. Rejects with `SEALED`, `INVALID_REQUEST`, or with the first
   * failure of a seal once all have been tried.
   */
  async rewrapRootKey(name?: string, signal?: AbortSignal): Promise<readonly RewrappedEntry[]> {
    const { observer } = this.#deps;
    return this.#deps.exclusively(async (open) => {
      const keepers = open.roster.view.keepers.filter(
        (each) => each.kind === "auto" && (name ?? each.name) === each.name,
      );
      if (keepers.length === 0) throw new CoreError("INVALID_REQUEST", "there is no such seal to rewrap by");
      const results = await Promise.allSettled(keepers.map((keeper) => rewrapRootKey(open, keeper)));
      const moved = results.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
      for (const each of moved) observer.rootKeyRewrapped(each);
      const failure = results.find((each) => each.status === "rejected");
      if (failure !== undefined) throw failure.reason;
      return moved;
    }, signal);
  }

  /**
   * Adds the attached seal called `name` to the storage: it proves itself and is given the root key. Rejects with
   * `SEALED`, `INVALID_REQUEST`, `WEAKER_SEAL`, `FOREIGN_STORAGE` or what the seal rejects with; nothing has changed then.
   */
  add(name: string, { weaker = "refuse", signal }: SealChangeOptions = {}): Promise<void> {
    return this.#deps.exclusively((open) => addSeal(open, name, weaker), signal);
  }

  /**
   * Removes a seal from the storage: a new root key that it never gets, a new data-key term, and nothing of it left. It
   * stays attached. Rejects with `SEALED`, `INVALID_REQUEST`, `NO_SEAL_LEFT`, `FORCE_NEEDED`, or what the seals that stay
   * reject with; nothing has changed then.
   */
  remove(name: string, { force = "refuse", signal }: SealChangeOptions = {}): Promise<void> {
    return this.#deps.exclusively((open) => removeSeal(open, name, force), signal);
  }

  /**
   * Adds a seal of shares where nobody holds recovery shares that could allow it; elsewhere that takes an `Authorization`
   * of `breakGlass`. Rejects with `SEALED`, `INVALID_REQUEST` or `WEAKER_SEAL`.
   */
  establishShares<Answer>(request: BreakGlassRequest<Answer>, signal?: AbortSignal): Promise<Answer> {
    return this.#deps.exclusively((open) => establishBreakGlass(open, request), signal);
  }

  /** What a migration to the seal called `to` would change: both seals are proved, and nothing is written. */
  planMigration(to: string, { weaker = "refuse", signal }: SealChangeOptions = {}): Promise<MigrationPlan> {
    return this.#deps.exclusively((open) => planMigration(open, to, weaker), signal);
  }

  /**
   * Makes the seal called `to` the first: an attached one, or the shares plugin's type, so that people unseal. The old one
   * stays, asked last and given everything, until the migration is finished or undone. Rejects with `SEALED`,
   * `INVALID_REQUEST`, `WEAKER_SEAL`, `FORCE_NEEDED`, or what the new seal rejects with; nothing has changed then.
   */
  migrate(to: string, { weaker = "refuse", force = "refuse", signal }: SealChangeOptions = {}): Promise<void> {
    return this.#deps.exclusively((open) => migrate(open, to, weaker, force), signal);
  }

  /** Removes the old seal of a migration. Rejects as `remove` does, and with `INVALID_REQUEST` where there is none. */
  finishMigration({ force = "refuse", signal }: SealChangeOptions = {}): Promise<void> {
    return this.#deps.exclusively((open) => finishMigration(open, force), signal);
  }

  /** Makes the old seal of a migration the first again; the new one then is the old one. Rejects as `migrate` does. */
  undoMigration({ force = "refuse", signal }: SealChangeOptions = {}): Promise<void> {
    return this.#deps.exclusively((open) => undoMigration(open, force), signal);
  }
}
