// SPDX-License-Identifier: Apache-2.0
/** Reading any entry of an unlocked storage: each kind is protected by something else. */
import { type Barrier, CoreError, layerReader, openEntry, paths, type Storage } from "@sealwright/core";
import { decodeBlob, type Seal, type SharesSealPlugin } from "@sealwright/seal";

/** What unlocks entries. */
export interface Unlocked {
  readonly storage: Storage;
  readonly barrier: Barrier;
  /** The auto seal, or undefined where the seal is one of shares, whose key then stands under the barrier. */
  readonly seal: Seal | undefined;
  readonly plugin: SharesSealPlugin;
}

const PLAIN: readonly string[] = [
  paths.SEAL_CONFIG,
  paths.RECOVERY_CONFIG,
  "core/unseal-keys-backup",
  "core/recovery-keys-backup",
  paths.SEAL_WRAPS,
  paths.REWRAP,
];
const SEALED: readonly string[] = [paths.STORED_KEYS, paths.RECOVERY_KEY];

async function unwrap(unlocked: Unlocked, entry: Uint8Array): Promise<Uint8Array> {
  if (unlocked.seal !== undefined) return unlocked.seal.unwrap(decodeBlob(entry));
  const key = await unlocked.barrier.get(paths.SHAMIR_KEK);
  if (key === undefined) {
    throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${paths.SHAMIR_KEK}, which this entry needs`);
  }
  const seal = unlocked.plugin.open(key);
  key.fill(0);
  try {
    return await seal.unwrap(decodeBlob(entry));
  } finally {
    await seal.close();
  }
}

/** Whether the entry at `path` is kept in the clear: nothing has to be unlocked to read it. */
export function isPlain(path: string): boolean {
  return PLAIN.includes(path);
}

function bare({ seal, storage }: Unlocked, path: string, entry: Uint8Array): Promise<Uint8Array> {
  return layerReader(seal === undefined ? [] : [seal], storage)(path, entry);
}

/** What stands at `path`, decrypted; undefined where there is nothing. */
export async function readEntry(unlocked: Unlocked, path: string): Promise<Uint8Array | undefined> {
  const entry = await unlocked.storage.get(path);
  if (entry === undefined || isPlain(path)) return entry;
  if (SEALED.includes(path)) return unwrap(unlocked, entry);
  if (path === paths.KEYRING)
    return openEntry(unlocked.barrier.keyring.rootKey, path, await bare(unlocked, path, entry));
  if (path === paths.ROOT_KEY) return unlocked.barrier.open(path, await bare(unlocked, path, entry));
  return unlocked.barrier.get(path);
}

/** Every path below `prefix`, depth first, in the storage's order. */
export async function* listAll(storage: Storage, prefix: string): AsyncIterable<string> {
  for (const name of await storage.list(prefix)) {
    if (name.endsWith("/")) yield* listAll(storage, prefix + name);
    else yield prefix + name;
  }
}
