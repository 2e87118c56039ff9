// SPDX-License-Identifier: Apache-2.0
/** Stores whose seals are those of several services. */
import {
  type AttachedSeal,
  paths,
  SealedStore,
  type SealHolding,
  type Storage,
  type StoreOptions,
  sealLayer,
  UNOBSERVED,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openMemoryStorage } from "@sealwright/storage/memory";
import type { Service } from "./services.ts";
import { type Tap, tapped } from "./tapped-seal.ts";

/** What opens a seal, and is the name of it. */
export type Opens = Pick<Service, "name" | "open">;

export const TWO_OF_THREE = { shares: 3, threshold: 2 };

/** The one entry of each store, and its value. */
export const KEPT = { path: "kept", value: "value" };

/** A store, and what stands between it and each of its seals. */
export interface Tapped {
  readonly store: SealedStore;
  readonly storage: Storage;
  readonly taps: ReadonlyMap<string, Tap>;
  /** The names of the seals that answered wrongly. */
  readonly doubted: readonly string[];
}

async function pathsBelow(storage: Storage, prefix: string): Promise<string[]> {
  const names = await storage.list(prefix);
  const below = names.map((name) => (name.endsWith("/") ? pathsBelow(storage, prefix + name) : [prefix + name]));
  return (await Promise.all(below)).flat();
}

/** Every entry of `storage`, by path. */
export async function entriesOf(storage: Storage): Promise<ReadonlyMap<string, Uint8Array>> {
  const paths = await pathsBelow(storage, "");
  const entries = paths.map(async (path) => [path, (await storage.get(path)) ?? new Uint8Array()] as const);
  return new Map(await Promise.all(entries));
}

const COUNTS: readonly string[] = [paths.ENCRYPTION_COUNT, paths.ENCRYPTION_COUNT_ASIDE, paths.SEAL_WRAPS];

/** {@link entriesOf} in hexadecimal, without what merely counts: calls of seals and encryptions change that. */
export async function stateOf(storage: Storage): Promise<Readonly<Record<string, string>>> {
  const entries = [...(await entriesOf(storage))].filter(([path]) => !COUNTS.includes(path));
  return Object.fromEntries(entries.map(([path, value]) => [path, Buffer.from(value).toString("hex")]));
}

/** A storage with these entries that outlives its stores. */
export async function storageWith(entries: ReadonlyMap<string, Uint8Array>): Promise<Storage> {
  const storage = lastingStorage();
  await storage.write([...entries].map(([path, value]) => ({ op: "put", path, value })));
  return storage;
}

/** A memory storage that outlives `close`, so that a second store can be opened on it. */
export function lastingStorage(): Storage {
  const inner = openMemoryStorage();
  return {
    type: inner.type,
    get: (path) => inner.get(path),
    list: (prefix) => inner.list(prefix),
    write: (batch) => inner.write(batch),
    close: async () => {},
  };
}

/** As a seal is attached to a store. */
export async function attachedTo(service: Opens, priority: number, tap: Tap = {}): Promise<AttachedSeal> {
  return { name: service.name, priority, state: "enabled", seal: tapped(await service.open(), tap) };
}

/** A sealed store of `services`, the first of which is the best, with seal wrap. */
export async function storeOf(
  services: readonly Opens[],
  { storage = lastingStorage(), ...options }: Partial<StoreOptions> = {},
): Promise<Tapped> {
  const taps = new Map(services.map(({ name }) => [name, {} as Tap]));
  const seals = await Promise.all(services.map((each, index) => attachedTo(each, index + 1, taps.get(each.name))));
  const doubted: string[] = [];
  const store = new SealedStore({
    storage,
    shares: shamir,
    seals,
    layer: sealLayer,
    observer: { ...UNOBSERVED, sealDoubted: (name) => void doubted.push(name) },
    headStartMilliseconds: 50,
    sealDeadlineMilliseconds: 5_000,
    ...options,
  });
  return { store, storage, taps, doubted };
}

/** An initialised, unsealed store of `services` with one entry, and its recovery shares. */
export async function openedOf(
  services: readonly Opens[],
  options: Partial<StoreOptions> = {},
): Promise<Tapped & { readonly shares: readonly Uint8Array[] }> {
  const it = await storeOf(services, options);
  const { recovery } = await it.store.initialize({ recovery: TWO_OF_THREE });
  await it.store.unseal();
  await it.store.put(KEPT.path, Buffer.from(KEPT.value));
  return { ...it, shares: recovery };
}

/** Whether the entry is there. */
export async function keeps(store: SealedStore): Promise<boolean> {
  return (await store.get(KEPT.path))?.toString() === KEPT.value;
}

/**
 * Whether a fresh store of `services` alone opens a copy of `storage` and reads what is kept there. A copy, since a storage
 * has one writer at a time.
 */
export async function opens(storage: Storage, ...services: readonly Opens[]): Promise<boolean> {
  const { store } = await storeOf(services, { storage: await storageWith(await entriesOf(storage)) });
  try {
    await store.unseal();
    return await keeps(store);
  } catch {
    return false;
  } finally {
    await store.close();
  }
}

/** Whether two of the shares open a copy of `storage`: as unseal shares, or as those of a seal of shares beside others. */
export async function sharesOpen(storage: Storage, shares: readonly Uint8Array[], beside = "shamir"): Promise<boolean> {
  for (const use of [{}, { seal: beside }]) {
    const copy = await storageWith(await entriesOf(storage));
    const store = new SealedStore({ storage: copy, shares: shamir, layer: sealLayer });
    try {
      for (const share of shares.slice(0, 2)) await store.submitShare(share, use);
      if (await keeps(store)) return true;
    } catch {
      // Not in this way.
    } finally {
      await store.close();
    }
  }
  return false;
}

/** What the storage holds for the seal called `name`. */
export async function holdingOf({ store }: Tapped, name: string): Promise<SealHolding> {
  const holding = (await store.seals.holdings()).find((each) => each.name === name);
  if (holding === undefined) throw new Error(`there is no seal ${name}`);
  return holding;
}

/** The paths of which something is outstanding, by seal. */
export async function outstandingOf({ store }: Tapped): Promise<Record<string, readonly string[]>> {
  const holdings = await store.seals.holdings();
  const missing = holdings.filter(({ outstanding }) => outstanding.length > 0);
  return Object.fromEntries(missing.map(({ name, outstanding }) => [name, outstanding.map(({ path }) => path).sort()]));
}
