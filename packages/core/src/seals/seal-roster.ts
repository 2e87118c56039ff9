// SPDX-License-Identifier: Apache-2.0
/**
 * The seals of an open store: which ones the storage has, which of them are at hand, and what each is to hold. The keys of
 * seals of shares are at hand too, since they stand under the barrier.
 */
import type { Seal, SharesSealPlugin } from "@sealwright/seal";
import type { Barrier } from "../barrier.ts";
import {
  kekPath,
  readWrittenRecord,
  recordOfOne,
  recordOfShares,
  type SealMember,
  type SealRecord,
} from "./seal-record.ts";
import type { SealSet } from "./seal-set.ts";
import { type SealView, viewOf } from "./seal-view.ts";

/** Whose shares allow what a token does not: those of the unseal key, or of the recovery key. */
export type QuorumKind = "unseal" | "recovery";

/** The seals of a store from the moment that it is open, or of one that is yet to be initialised. */
export class SealRoster {
  readonly set: SealSet;
  readonly #plugin: SharesSealPlugin;
  #record: SealRecord;
  #shares: ReadonlyMap<string, Seal> = new Map();

  private constructor(set: SealSet, plugin: SharesSealPlugin, record: SealRecord) {
    this.set = set;
    this.#plugin = plugin;
    this.#record = record;
  }

  /** Of a storage that is not open: the best enabled seal alone, or unseal shares. */
  static configured(set: SealSet, plugin: SharesSealPlugin): SealRoster {
    const { first } = set;
    const record = first === undefined ? recordOfShares(plugin) : recordOfOne(first.name, first.seal.type, "auto");
    return new SealRoster(set, plugin, record);
  }

  /** Of a storage that has just been opened; `implied` is meant where it has no record. Rejects with `ENTRY_CORRUPT`. */
  static async open(
    set: SealSet,
    plugin: SharesSealPlugin,
    implied: SealRecord,
    barrier: Barrier,
  ): Promise<SealRoster> {
    const record = await readWrittenRecord(barrier);
    const roster = new SealRoster(set, plugin, record ?? implied);
    if (record !== undefined) await roster.readShares(barrier);
    return roster;
  }

  get record(): SealRecord {
    return this.#record;
  }

  /** Whether the storage keeps a record of its seals: it has, or has had, more than one. */
  get recorded(): boolean {
    return this.#record.generation > 0;
  }

  /** Whose shares the quorum's are. */
  get quorum(): QuorumKind {
    return this.member(this.#record.first)?.kind === "shares" ? "unseal" : "recovery";
  }

  /** The auto seal that is the storage's first, where there is one and it is at hand. */
  get firstAuto(): Seal | undefined {
    return this.quorum === "recovery" ? this.set.named(this.#record.first)?.seal : undefined;
  }

  /** The seals as they are now. */
  get view(): SealView {
    return viewOf(this.#record, this.set, this.#shares);
  }

  /** The seals as they would be by `record`, with `shares` for seals of shares whose keys are new. */
  viewOf(record: SealRecord, shares: ReadonlyMap<string, Seal> = new Map()): SealView {
    return viewOf(record, this.set, new Map([...this.#shares, ...shares]));
  }

  member(name: string): SealMember | undefined {
    return this.#record.members.find((each) => each.name === name);
  }

  /** `record` is on disk: it holds from now on. The keys of seals of shares are read anew. */
  async commit(record: SealRecord, barrier: Barrier): Promise<void> {
    this.#record = record;
    if (this.recorded) await this.readShares(barrier);
  }

  /** Reads the keys of the seals of shares: one whose key is not stored is not at hand. */
  async readShares(barrier: Barrier): Promise<void> {
    const members = this.#record.members.filter(({ kind }) => kind === "shares");
    const opened = members.map(async ({ name }): Promise<[string, Seal][]> => {
      const key = await barrier.get(kekPath(this.#record, name));
      if (key === undefined) return [];
      try {
        return [[name, this.#plugin.open(key)]];
      } finally {
        key.fill(0);
      }
    });
    const shares = new Map((await Promise.all(opened)).flat());
    await this.close();
    this.#shares = shares;
  }

  /** Forgets the keys of the seals of shares. */
  async close(): Promise<void> {
    const shares = this.#shares;
    this.#shares = new Map();
    for (const seal of shares.values()) await seal.close();
  }
}
