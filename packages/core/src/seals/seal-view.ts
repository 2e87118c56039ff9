// SPDX-License-Identifier: Apache-2.0

import type { Seal } from "@sealwright/seal";
import type { Slot } from "./root-key-entry.ts";
import { rootKeyPath, type SealMember, type SealRecord } from "./seal-record.ts";
import type { SealSet } from "./seal-set.ts";

/** A seal that can wrap now, and the entry in which it keeps the root key. */
export interface Keeper extends Slot {
  readonly kind: SealMember["kind"];
}

/** The seals of a storage at one moment, present or to come: a value. */
export interface SealView {
  readonly record: SealRecord;
  /** The members that are given new keys: all but those that are disabled. */
  readonly expected: readonly SealMember[];
  /** Of `expected`, those that are at hand, the best first. */
  readonly keepers: readonly Keeper[];
}

/** The view of `record` by the attached auto seals and the opened seals of shares. */
export function viewOf(record: SealRecord, set: SealSet, shares: ReadonlyMap<string, Seal>): SealView {
  const rank = (name: string): number => {
    if (name === record.migration?.from) return Number.POSITIVE_INFINITY;
    if (name === record.first) return Number.NEGATIVE_INFINITY;
    return set.named(name)?.priority ?? Number.MAX_SAFE_INTEGER;
  };
  const expected = record.members.filter(({ name }) => set.named(name)?.state !== "disabled");
  const keepers = expected.flatMap(({ name, kind }): Keeper[] => {
    const seal = kind === "auto" ? set.named(name)?.seal : shares.get(name);
    const { generation } = record;
    return seal === undefined ? [] : [{ name, kind, seal, path: rootKeyPath(record, name), generation }];
  });
  return { record, expected, keepers: keepers.sort((a, b) => rank(a.name) - rank(b.name)) };
}
