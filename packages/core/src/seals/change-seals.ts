// SPDX-License-Identifier: Apache-2.0
/**
 * Every change of a storage's seals, and of its root key, is one batch: each seal's root key, the keyring under it, the
 * record of the seals, what belongs to being the first, and nothing left of a seal that goes.
 */
import type { KeyObject } from "node:crypto";
import type { Seal } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { type Companions, replaceKeyring } from "../commit.ts";
import { addTerm, newKey, withRootKey } from "../keyring.ts";
import { RECOVERY_KEY } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import { proveSeal } from "../stored-keys.ts";
import { askAll, refusalOf } from "./ask-all.ts";
import { asFirst, needsPeoplesKey, readPeoplesKey } from "./first-seal.ts";
import { forgetOutstanding, listOutstanding, settledOrNoted, settleOutstanding } from "./outstanding.ts";
import { holdersIn } from "./reach.ts";
import type { Risk } from "./risk.ts";
import { rootKeyChange } from "./root-key-entry.ts";
import { kekPath, recordChanges, rootKeyPath, type SealRecord } from "./seal-record.ts";
import type { SealView } from "./seal-view.ts";
import { type WrappedRootKey, wrapRootKey } from "./wrap-root-key.ts";

/** A change of the seals. */
export interface SealChange {
  /** The seals as they are to be. A generation of 0 means that no record is kept. */
  readonly record: SealRecord;
  readonly rootKey: RootKeyChange;
  readonly term: "keep" | "add";
  /** Where the first seal changes and the present one, which alone keeps the recovery key, does not answer. */
  readonly lostRecoveryKey: Risk;
  /** Seals of shares whose keys are new, by name; lent. */
  readonly shares?: ReadonlyMap<string, Seal>;
  readonly companions?: Companions;
}

/** `needed`: names of the seals that must take the present root key and the keyring; without them nothing changes. */
export type RootKeyChange =
  | { readonly kind: "replace"; readonly oneSealLeft: Risk }
  | { readonly kind: "keep"; readonly needed: readonly string[] };

/**
 * Carries out `change`: one batch, then memory. Rejects with the seals' failures, `NO_SEAL_ANSWERS` or `FORCE_NEEDED`;
 * nothing has changed then.
 */
export async function changeSeals(open: OpenStore, change: SealChange): Promise<void> {
  const { barrier, roster, storage, now } = open;
  const { companions = {}, term } = change;
  const before = roster.record;
  const record = change.rootKey.kind === "replace" ? nextGeneration(change.record) : change.record;
  const view = roster.viewOf(record, change.shares);
  const rootKey = change.rootKey.kind === "replace" ? newKey() : barrier.keyring.rootKey;
  const wrapped = await wrapFor(open, view, rootKey, change.rootKey);
  const kept = record.generation === 0 ? undefined : recordChanges(record);
  const keyring = withRootKey(barrier.keyring, rootKey);
  const held = needsPeoplesKey(before, record) ? await readPeoplesKey(open) : undefined;
  try {
    const first = held === undefined ? { plain: [], raw: [] } : await asFirst(open, view, held, change.lostRecoveryKey);
    const plain = [...first.plain, ...(companions.plain ?? []), ...(kept === undefined ? [] : [kept.plain])];
    const raw = [
      ...(await leftovers(storage, before, record)),
      ...wrapped.changes,
      ...first.raw,
      ...(companions.raw ?? []),
      ...(kept === undefined ? [] : [kept.raw]),
    ];
    const home = { ...open, wrapKeyring: open.layerFor(view, wrapped.reach) };
    await replaceKeyring(home, term === "add" ? addTerm(keyring, now) : keyring, { plain, raw });
  } finally {
    held?.key?.fill(0);
  }
  await roster.commit(record, barrier);
}

/** `record` as it is once there is a new root key. Where no record is kept, nothing is counted. */
function nextGeneration(record: SealRecord): SealRecord {
  return record.generation === 0 ? record : { ...record, generation: record.generation + 1 };
}

async function wrapFor(
  open: OpenStore,
  view: SealView,
  rootKey: KeyObject,
  change: RootKeyChange,
): Promise<WrappedRootKey> {
  const asking = { ...open.asking, signal: open.signal };
  if (change.kind === "replace") return wrapRootKey(view, rootKey, asking, change.oneSealLeft);
  const before = open.roster.record;
  const { record } = view;
  const held = new Set(before.members.map(({ name }) => `${name} ${rootKeyPath(before, name)}`));
  const isMoved = (name: string): boolean =>
    change.needed.includes(name) || !held.has(`${name} ${rootKeyPath(record, name)}`);
  const moved = view.keepers.filter(({ name }) => isMoved(name));
  const { answered, failed } = await askAll(moved, asking, async (keeper, signal) => {
    await proveSeal(keeper.seal, signal);
    return rootKeyChange(keeper, rootKey, signal);
  });
  if (change.needed.some((name) => !answered.has(name))) throw refusalOf(failed, "a seal does not take the root key");
  const names = [...answered.keys()];
  const notes = record.members
    .filter(({ name }) => isMoved(name))
    .flatMap((each) => settledOrNoted(record, [each], names, rootKeyPath(record, each.name)));
  const unmoved = view.keepers.filter((keeper) => !moved.includes(keeper));
  const holders = [...names, ...holdersIn({ keepers: unmoved }, await listOutstanding(open.storage))];
  return {
    changes: [...answered.values(), ...notes],
    reach: { holders, needed: change.needed, oneSealLeft: "accept" },
  };
}

/** What is stored for the seals of `before` and has no place by `record`. */
async function leftovers(storage: Storage, before: SealRecord, record: SealRecord): Promise<readonly Change[]> {
  const pathsIn = (which: SealRecord): string[] =>
    which.members.flatMap(({ name, kind }) => [
      rootKeyPath(which, name),
      ...(kind === "shares" ? [kekPath(which, name)] : []),
    ]);
  const used = new Set(pathsIn(record));
  const unused = pathsIn(before).filter((path) => !used.has(path));
  const gone = before.members.filter(({ name }) => !record.members.some((each) => each.name === name));
  const forgotten = await Promise.all(gone.map(({ name }) => forgetOutstanding(storage, name)));
  const moved = before.members.filter(({ name }) => rootKeyPath(before, name) !== rootKeyPath(record, name));
  return [
    ...unused.map((path): Change => ({ op: "delete", path })),
    ...forgotten.flat(),
    ...moved.map(({ name }) => settleOutstanding(name, rootKeyPath(before, name))),
    ...(before.first === record.first ? [] : [settleOutstanding(before.first, RECOVERY_KEY)]),
  ];
}
