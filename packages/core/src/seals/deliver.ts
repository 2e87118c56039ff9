// SPDX-License-Identifier: Apache-2.0
/** Giving seals what they missed, once they answer again. */
import { isSealError } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { rewriteKeys } from "../commit.ts";
import type { Interruption } from "../interruption.ts";
import type { StoreObserver } from "../observer.ts";
import { RECOVERY_KEY, RECOVERY_KEY_COPY } from "../paths.ts";
import { LAYERED_PATHS } from "../seal-wrap/entry-layer.ts";
import type { Change, Storage } from "../storage.ts";
import { proveSeal, sealRecoveryKey, unwrapEntry } from "../stored-keys.ts";
import { readPeoplesKey } from "./first-seal.ts";
import { isWrongAnswer } from "./open-by-seals.ts";
import { listOutstanding, type Outstanding, settleOutstanding } from "./outstanding.ts";
import { readRecoveryKey } from "./recovery-key.ts";
import { misplacedFirst, reorder } from "./reorder.ts";
import { rootKeyChange } from "./root-key-entry.ts";
import type { SealRoster } from "./seal-roster.ts";
import type { SealSet } from "./seal-set.ts";
import type { Keeper } from "./seal-view.ts";

/** What is delivered, and to whom. */
export interface DeliveryDeps {
  readonly storage: Storage;
  readonly set: SealSet;
  readonly observer: StoreObserver;
  readonly roster: () => SealRoster | undefined;
  readonly interruption: Interruption;
  exclusively<T>(work: (open: OpenStore) => Promise<T>): Promise<T>;
}

/**
 * Makes the best seal by priority the first where it is not, gives every seal that answers what is outstanding for it, and
 * one in doubt the root key anew: what it holds may be the stale one. Each proves itself first, and that its key is still
 * the one that wrapped what it holds; one that has come back with another key is given nothing. What fails stays
 * outstanding. Never rejects.
 */
export async function deliverOutstanding(deps: DeliveryDeps): Promise<void> {
  const { storage, set, interruption, roster: current } = deps;
  const roster = current();
  if (roster === undefined || !roster.recorded) return;
  try {
    if (misplacedFirst(roster) !== undefined) await deps.exclusively(reorder);
  } catch {
    // The seal that should be the first does not answer: the one that is stays it.
  }
  try {
    const outstanding = await listOutstanding(storage);
    const due = roster.view.keepers.filter(
      ({ name }) => set.doubtOf(name) !== undefined || outstanding.some(({ seal }) => seal === name),
    );
    await Promise.all(due.map((keeper) => deliverTo(deps, keeper, interruption.signal)));
    await keepRecoveryKey(deps, roster);
  } catch {
    // The storage failed, or the store was sealed meanwhile: the notes stand.
  }
}

/** Where the first seal was down when it got company, the recovery key has no copy yet, and only that seal can tell it. */
async function keepRecoveryKey(
  { storage, interruption, exclusively }: DeliveryDeps,
  roster: SealRoster,
): Promise<void> {
  const { firstAuto } = roster;
  if (firstAuto === undefined || (await storage.get(RECOVERY_KEY_COPY)) !== undefined) return;
  await proveSeal(firstAuto, interruption.signal);
  await exclusively(async (open) => {
    const { key } = await readPeoplesKey(open);
    if (key === undefined) return;
    try {
      await open.barrier.put(RECOVERY_KEY_COPY, key);
    } finally {
      key.fill(0);
    }
  });
}

async function deliverTo(deps: DeliveryDeps, before: Keeper, signal: AbortSignal): Promise<void> {
  const { name } = before;
  try {
    // Before anything waits for it: a seal that is still down keeps no ceremony waiting.
    await proveSeal(before.seal, signal);
    await proveSameKey(deps, before, signal);
    await deps.exclusively(async (open) => {
      const keeper = open.roster.view.keepers.find((each) => each.name === name);
      if (keeper === undefined) return;
      const missed = (await listOutstanding(open.storage)).filter((each) => each.seal === name);
      for (const path of await deliver(open, keeper, missed)) deps.observer.outstandingDelivered(name, path);
    });
  } catch {
    // It is tried again with the next probe or check.
  }
}

async function proveSameKey(
  { storage, set, observer }: DeliveryDeps,
  keeper: Keeper,
  signal: AbortSignal,
): Promise<void> {
  const { name, path, seal } = keeper;
  if ((await storage.get(path)) === undefined) return;
  try {
    (await unwrapEntry(storage, path, seal, signal)).fill(0);
  } catch (error) {
    const otherKey = isWrongAnswer(error) || isSealError(error, "SEAL_KEY_MISSING");
    if (otherKey && set.doubtOf(name) === undefined) {
      set.doubt(name, error);
      observer.sealDoubted(name, error);
    }
    throw error;
  }
}

async function deliver(open: OpenStore, keeper: Keeper, missed: readonly Outstanding[]): Promise<readonly string[]> {
  const { barrier, roster, signal } = open;
  const paths = missed.map(({ path }) => path);
  const changes: Change[] = [
    await rootKeyChange(keeper, barrier.keyring.rootKey, signal),
    settleOutstanding(keeper.name, keeper.path),
  ];
  if (paths.includes(RECOVERY_KEY)) changes.push(...(await recoveryKeyOf(open, keeper)));
  await barrier.write([], changes);
  // Else the keyring would be written without it once more.
  roster.set.proved(keeper.name);
  if (paths.some((path) => LAYERED_PATHS.includes(path))) await rewriteKeys(open);
  return paths;
}

async function recoveryKeyOf(open: OpenStore, { name, seal }: Keeper): Promise<readonly Change[]> {
  const key = await readRecoveryKey(open, undefined);
  try {
    const value = await sealRecoveryKey(seal, key, open.signal);
    return [{ op: "put", path: RECOVERY_KEY, value }, settleOutstanding(name, RECOVERY_KEY)];
  } finally {
    key.fill(0);
  }
}
