// SPDX-License-Identifier: Apache-2.0
/** Reading any entry of an unlocked storage: each kind is protected by something else. */
import { CoreError, layerReader, type OpenStore, openEntry, paths, type Storage } from "@sealwright/core";
import { decodeBlob, type Seal } from "@sealwright/seal";

/** What unlocks entries. */
export type Unlocked = Pick<OpenStore, "storage" | "barrier" | "roster" | "plugin">;

const PLAIN: readonly string[] = [
  paths.SEAL_CONFIG,
  paths.RECOVERY_CONFIG,
  "core/unseal-keys-backup",
  "core/recovery-keys-backup",
  paths.SEAL_WRAPS,
  paths.REWRAP,
  paths.SEAL_RECORD,
];
/** What a seal that stands beside the first one keeps. */
const OF_OTHER_SEAL = /^sealwright\/seals\/[^/]+\/root-key$/;

function isSealed(path: string): boolean {
  return path === paths.STORED_KEYS || path === paths.RECOVERY_KEY || OF_OTHER_SEAL.test(path);
}

/** The seal at hand that wrapped the entry at `path`; undefined where that is the one of people who unseal. */
function sealOf({ roster }: Unlocked, path: string): Seal | undefined {
  if (!OF_OTHER_SEAL.test(path)) return roster.firstAuto;
  const keeper = roster.view.keepers.find((each) => each.path === path);
  if (keeper !== undefined) return keeper.seal;
  throw new CoreError("WRONG_SEAL", `the seal that wrapped ${path} is not configured`);
}

async function unwrap(unlocked: Unlocked, path: string, entry: Uint8Array): Promise<Uint8Array> {
  const configured = sealOf(unlocked, path);
  if (configured !== undefined) return configured.unwrap(decodeBlob(entry));
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
  return PLAIN.includes(path) || path.startsWith(paths.OUTSTANDING);
}

function bare({ roster, storage }: Unlocked, path: string, entry: Uint8Array): Promise<Uint8Array> {
  const seals = roster.view.keepers.map(({ seal }) => seal);
  return layerReader(seals, storage)(path, entry);
}

/** What stands at `path`, decrypted; undefined where there is nothing. */
export async function readEntry(unlocked: Unlocked, path: string): Promise<Uint8Array | undefined> {
  const entry = await unlocked.storage.get(path);
  if (entry === undefined || isPlain(path)) return entry;
  if (isSealed(path)) return unwrap(unlocked, path, entry);
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
