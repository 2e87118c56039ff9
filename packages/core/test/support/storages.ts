// SPDX-License-Identifier: Apache-2.0
/** Storages for tests: what survives a restart, what a disk full looks like, and what exactly is stored. */
import { paths, type Storage, StorageError } from "@sealwright/core";
import { openMemoryStorage } from "@sealwright/storage/memory";

/** A memory storage that outlives `close`, so that a second store can be opened on it. */
export function openLastingStorage(): Storage {
  return { ...delegate(openMemoryStorage()), close: async () => {} };
}

/** `storage` as an object whose methods can be replaced one by one. */
export function delegate(storage: Storage): Storage {
  return {
    type: storage.type,
    get: (path) => storage.get(path),
    list: (prefix) => storage.list(prefix),
    write: (batch) => storage.write(batch),
    close: () => storage.close(),
  };
}

/** `storage` that refuses its batches while `full` is set. */
export interface FallibleStorage extends Storage {
  full: boolean;
}

export function fallible(storage: Storage): FallibleStorage {
  const it: FallibleStorage = {
    ...delegate(storage),
    full: false,
    async write(batch) {
      if (it.full) throw new StorageError("STORAGE_FAILED", "the disk is full");
      await storage.write(batch);
    },
  };
  return it;
}

/** `storage` whose next batch waits until it is let go. */
export interface HeldStorage extends Storage {
  /** Resolves when a batch has arrived and waits; the batch is written once `release` was called. */
  hold(): { readonly arrived: Promise<void>; release(): void };
}

export function holdable(storage: Storage): HeldStorage {
  let held: { arrive(): void; readonly released: Promise<void> } | undefined;
  return {
    ...delegate(storage),
    hold() {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      held = { arrive: arrived.resolve, released: released.promise };
      return { arrived: arrived.promise, release: released.resolve };
    },
    async write(batch) {
      const waiting = held;
      held = undefined;
      waiting?.arrive();
      await waiting?.released;
      await storage.write(batch);
    },
  };
}

async function pathsBelow(storage: Storage, prefix: string): Promise<string[]> {
  const names = await storage.list(prefix);
  const below = names.map((name) => (name.endsWith("/") ? pathsBelow(storage, prefix + name) : [prefix + name]));
  return (await Promise.all(below)).flat();
}

const COUNTS: readonly string[] = [paths.ENCRYPTION_COUNT, paths.ENCRYPTION_COUNT_ASIDE, paths.SEAL_WRAPS];

/** Every entry of `storage` in hex, by path, without the ceiling of the count and the count of wraps, which opening and sealing move about. */
export async function snapshot(storage: Storage): Promise<Record<string, string>> {
  const all = (await pathsBelow(storage, "")).filter((path) => !COUNTS.includes(path));
  const entries = all.map(async (path) => [path, Buffer.from((await storage.get(path))!).toString("hex")] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** A copy of what is stored now, for a look that leaves no traces. */
export async function copyOf(storage: Storage): Promise<Storage> {
  const copy = openLastingStorage();
  const entries = (await pathsBelow(storage, "")).map(async (path) => ({ path, value: await storage.get(path) }));
  const there = (await Promise.all(entries)).flatMap(({ path, value }) =>
    value === undefined ? [] : [{ op: "put" as const, path, value }],
  );
  await copy.write(there);
  return copy;
}

/** Takes away everything of ours, so that OpenBao might have written the rest. */
export async function makeForeign(storage: Storage): Promise<void> {
  const ours = await pathsBelow(storage, paths.OURS);
  await storage.write(ours.map((path) => ({ op: "delete", path })));
}

/** Replaces the entry at `path` by what `damage` makes of it. */
export async function alter(storage: Storage, path: string, damage: (value: Buffer) => Uint8Array): Promise<void> {
  await storage.write([{ op: "put", path, value: damage(Buffer.from((await storage.get(path))!)) }]);
}

/** A copy of `bytes` with one bit flipped, counted from the first byte's highest. */
export function flipBit(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3]! ^= 0x80 >> (bit & 7);
  return copy;
}
