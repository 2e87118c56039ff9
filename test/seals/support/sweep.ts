// SPDX-License-Identifier: Apache-2.0
/** Has each call of a change of the seals go wrong in turn, and finds out who opens what is left. */
import { SealedStore, type Storage, type SealedStore as Store, sealLayer } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { expect } from "vitest";
import { type Fault, FaultLine } from "./fault-line.ts";
import {
  attachedTo,
  entriesOf,
  keeps,
  lastingStorage,
  type Opens,
  opens,
  sharesOpen,
  stateOf,
  storageWith,
  storeOf,
} from "./stores.ts";

/** Who opens a storage by unseal shares, or by those of a seal of shares. */
export const PEOPLE = "people";

/** A change, and who opens the storage before and after it. */
export interface Sweep {
  /** All seals that are configured, the best first. */
  readonly configured: readonly Opens[];
  /** Makes the storage that is changed, and answers the shares that people hold. */
  prepare(storage: Storage): Promise<readonly Uint8Array[]>;
  /** `seals`, unless given: the store opens by itself. */
  readonly opensBy?: "seals" | "shares";
  change(store: Store, shares: readonly Uint8Array[]): Promise<unknown>;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

interface Prepared {
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly shares: readonly Uint8Array[];
}

async function opened({ configured, opensBy }: Sweep, storage: Storage, line: FaultLine, { shares }: Prepared) {
  const seals = await Promise.all(configured.map((each, index) => attachedTo(each, index + 1, line.tap)));
  // People unseal where no seal is attached; what they are to migrate to is attached afterwards.
  const atOnce = opensBy === "shares" ? [] : seals;
  const store = new SealedStore({
    storage,
    shares: shamir,
    seals: atOnce,
    layer: sealLayer,
    headStartMilliseconds: 50,
  });
  if (opensBy === "shares") {
    for (const share of shares.slice(0, 2)) await store.submitShare(share);
    for (const seal of seals) store.seals.attach(seal);
  } else {
    await store.unseal();
  }
  return store;
}

/** Who opens `storage` alone and reads what is kept there. */
async function openers({ configured }: Sweep, storage: Storage, shares: readonly Uint8Array[]): Promise<string[]> {
  const able: string[] = [];
  for (const each of configured) if (await opens(storage, each)) able.push(each.name);
  if (shares.length > 0 && (await sharesOpen(storage, shares))) able.push(PEOPLE);
  return able.sort();
}

/** A store on `storage`, opened by any of its seals, or by shares where none opens it. */
async function reopened({ configured }: Sweep, storage: Storage, shares: readonly Uint8Array[]): Promise<Store> {
  const { store } = await storeOf(configured, { storage });
  try {
    await store.unseal();
    return store;
  } catch {
    const people = new SealedStore({ storage, shares: shamir, layer: sealLayer });
    for (const share of shares.slice(0, 2)) await people.submitShare(share);
    for (const [index, each] of configured.entries()) people.seals.attach(await attachedTo(each, index + 1));
    return people;
  }
}

/** Gives each seal of `storage` what it missed. */
async function settle(sweep: Sweep, storage: Storage, shares: readonly Uint8Array[]): Promise<void> {
  const store = await reopened(sweep, storage, shares);
  await store.seals.deliverOutstanding();
  await store.close();
}

/** One run with `fault` at the `nth` call; answers whether there was such a call. */
async function run(sweep: Sweep, prepared: Prepared, fault: Fault, nth: number): Promise<boolean> {
  const storage = await storageWith(prepared.entries);
  const line = new FaultLine();
  const store = await opened(sweep, line.storage(storage), line, prepared);
  const untouched = await stateOf(storage);
  line.arm(fault, nth);
  const failure = await sweep.change(store, prepared.shares).then(
    () => undefined,
    (error: unknown) => error ?? new Error("rejected with nothing"),
  );
  const hit = line.disarm();
  const label = `${fault}, call ${nth}${failure === undefined ? "" : `: ${String(failure)}`}`;
  if (failure !== undefined && !line.ended) {
    expect(await stateOf(storage), `${label}: nothing has changed`).toEqual(untouched);
    expect(await keeps(store), `${label}: the store goes on`).toBe(true);
    await sweep.change(store, prepared.shares);
  }
  await store.close().catch(() => undefined);
  const able = await openers(sweep, storage, prepared.shares);
  expect(able, `${label}: somebody opens it`).not.toEqual([]);
  await settle(sweep, storage, prepared.shares);
  const settled = await openers(sweep, storage, prepared.shares);
  const expected = line.ended ? [sweep.before, sweep.after] : [sweep.after];
  expect(
    expected.map((names) => [...names].sort()),
    label,
  ).toContainEqual(settled);
  return hit;
}

/** Runs `sweep` with `fault` at each call that there is. Answers at how many. */
export async function sweepFault(sweep: Sweep, fault: Fault): Promise<number> {
  const storage = lastingStorage();
  const shares = await sweep.prepare(storage);
  const prepared = { shares, entries: await entriesOf(storage) };
  expect(await openers(sweep, storage, shares)).toEqual([...sweep.before].sort());
  for (let nth = 1; ; nth++) if (!(await run(sweep, prepared, fault, nth))) return nth - 1;
}
