// SPDX-License-Identifier: Apache-2.0
/** The way back when the services are gone: a storage that shares have opened is given to other seals. */
import type { ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import { readSealConfig } from "../inventory.ts";
import { foreignStorage } from "../read-only.ts";
import { numbersOf } from "../seal-config.ts";
import type { Storage } from "../storage.ts";
import { proveSeal } from "../stored-keys.ts";
import { memberOf } from "./add-seal.ts";
import { changeSeals } from "./change-seals.ts";
import { becomeFirst, type FirstChanges, readPeoplesKey } from "./first-seal.ts";
import { readPlainRecord, type SealRecord } from "./seal-record.ts";

/** Whose shares open a storage, and how many of them. */
export interface OpeningShares {
  /** The seal of shares' name; the shares plugin's type for the unseal shares. */
  readonly name: string;
  readonly numbers: ShareNumbers;
}

/** All seals of shares of a storage, found out without any key. Empty where none is. */
export async function openingShares(storage: Storage, { type }: SharesSealPlugin): Promise<readonly OpeningShares[]> {
  const config = await readSealConfig(storage);
  const own = config?.type === type ? [{ name: type, numbers: numbersOf(config) }] : [];
  const members = (await readPlainRecord(storage))?.members ?? [];
  const others = members.flatMap(({ name, numbers }) => (numbers === undefined ? [] : [{ name, numbers }]));
  return [...own, ...others.filter(({ name }) => name !== type || own.length === 0)];
}

/** What a recovery has done. */
export interface Recovered {
  /** The seals that open the storage now besides its seals of shares, the best first. */
  readonly seals: readonly string[];
  /** Whether the recovery shares still allow ceremonies: `lost` where only a seal that is gone could tell their key. */
  readonly recoveryShares: "kept" | "lost" | "none";
}

/**
 * Gives an open storage to the attached seals in place of the auto seals that it has: a new root key, a new data-key term,
 * one batch. Its seals of shares stay. Rejects with `INVALID_REQUEST` where no enabled seal is attached, with
 * `FOREIGN_STORAGE`, and with what the seals reject with: each of them must take the root key.
 */
export async function recover(open: OpenStore): Promise<Recovered> {
  const { roster, foreign } = open;
  if (foreign) throw foreignStorage();
  const [first, ...others] = roster.set.enabled;
  if (first === undefined) {
    throw new CoreError("INVALID_REQUEST", "the configuration has no seal to give the storage to: add one");
  }
  for (const { seal } of [first, ...others]) await proveSeal(seal, open.signal);
  const shares = roster.record.members.filter(({ name, kind }) => kind === "shares" && name !== roster.record.first);
  const members = [...[first, ...others].map(memberOf), ...shares];
  const kept = Math.max(roster.record.generation, members.length > 1 ? 1 : 0);
  const record: SealRecord = { generation: kept, first: first.name, members };
  const held = await readPeoplesKey(open);
  try {
    await changeSeals(open, {
      record,
      rootKey: { kind: "replace", oneSealLeft: "refuse" },
      term: "add",
      lostRecoveryKey: "accept",
      companions: await sameName(open, record, held),
    });
  } finally {
    held.key?.fill(0);
  }
  const recoveryShares = held.numbers.shares === 0 ? "none" : held.key === undefined ? "lost" : "kept";
  return { seals: [first, ...others].map(({ name }) => name), recoveryShares };
}

/** A seal that has the name of the first one, and another key, has to become the first all the same. */
function sameName(
  open: OpenStore,
  record: SealRecord,
  held: Awaited<ReturnType<typeof readPeoplesKey>>,
): Promise<FirstChanges> {
  const { roster } = open;
  if (record.first !== roster.record.first) return Promise.resolve({ plain: [], raw: [] });
  return becomeFirst(open, roster.viewOf(record), held);
}
