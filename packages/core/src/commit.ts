// SPDX-License-Identifier: Apache-2.0
/** Every change of the keyring is one batch: keyring, root key for standbys, and whatever belongs to the change. */
import { Barrier, type PlainChange } from "./barrier.ts";
import type { CountedKey } from "./counting/counted-key.ts";
import { resumeCount, setAside } from "./counting/resume.ts";
import { openEntry, sealEntry, termOf } from "./entry.ts";
import { CoreError } from "./errors.ts";
import { addTerm, type Keyring, parseKeyring, serializeKeyring, serializeRootKey, withEncryptions } from "./keyring.ts";
import { KEYRING, LEGACY_ROOT_KEY, ROOT_KEY } from "./paths.ts";
import type { Change, Storage } from "./storage.ts";

/** The keyring entry names term 1 whatever the active term is, since no data key encrypts it. */
const KEYRING_TERM = 1;

/**
 * What the entry of the keyring goes through on its way to storage: a seal's layer, where there is one. It may take as
 * long as a seal takes; nothing waits meanwhile but the change of the keyring itself.
 */
export type WrapKeyring = (entry: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array>;

/** No layer: the entry as the barrier's format has it. */
export const unwrappedKeyring: WrapKeyring = async (entry) => entry;

/** Where a keyring is kept. */
export interface KeyringHome {
  readonly barrier: Barrier;
  readonly wrapKeyring: WrapKeyring;
  /** For the layer's seal. */
  readonly signal?: AbortSignal;
}

/** The change that writes `keyring`, through the layer of its home. */
export async function keyringEntry(
  keyring: Keyring,
  { wrapKeyring, signal }: Pick<KeyringHome, "wrapKeyring" | "signal">,
): Promise<Change> {
  const plaintext = serializeKeyring(keyring);
  try {
    const entry = sealEntry(KEYRING_TERM, keyring.rootKey, KEYRING, plaintext);
    return { op: "put", path: KEYRING, value: await wrapKeyring(entry, signal) };
  } finally {
    plaintext.fill(0);
  }
}

/** What is written together with a keyring. */
export interface Companions {
  /** Entries still to be encrypted under the active key. */
  readonly plain?: readonly PlainChange[];
  /** Entries that stand in storage as they are: seal configurations, sealed keys. */
  readonly raw?: readonly Change[];
}

interface KeyringBatch {
  /** The keyring as it is written. */
  readonly counted: Keyring;
  readonly changes: readonly Change[];
}

/** The keyring, the root key for standbys and `companions`; the saved count includes their encryptions by `key`. */
async function keyringBatch(
  home: KeyringHome,
  next: Keyring,
  key: CountedKey,
  companions: Companions,
): Promise<KeyringBatch> {
  const rootKey = serializeRootKey(next.rootKey);
  try {
    const plain: PlainChange[] = [{ op: "put", path: ROOT_KEY, value: rootKey }, ...(companions.plain ?? [])];
    const encrypted = await home.barrier.encryptFor(key, plain);
    const counted = withEncryptions(next, key.total);
    const entry = await keyringEntry(counted, home);
    const legacy: Change = { op: "delete", path: LEGACY_ROOT_KEY };
    return { counted, changes: [entry, ...encrypted, legacy, ...(companions.raw ?? [])] };
  } finally {
    rootKey.fill(0);
  }
}

/**
 * Writes the first keyring of `storage`, the root key for standbys and `companions` as one batch. It leaves the storage
 * as a clean stop does: the count is exact, and a ceiling stands ready.
 */
export async function createKeyring(
  storage: Storage,
  keyring: Keyring,
  companions: Companions,
  wrapKeyring: WrapKeyring,
): Promise<void> {
  const barrier = Barrier.fresh(storage, keyring);
  const key = barrier.keyFor(keyring);
  const { changes } = await keyringBatch({ barrier, wrapKeyring }, keyring, key, companions);
  await storage.write([...changes, ...setAside(key.ready)]);
}

/**
 * Writes `next`, the root key for standbys and `companions` as one batch, and then puts `next` in place of the barrier's
 * keyring. Where anything fails, the old keyring stays in force. One such change at a time: the caller sees to that.
 */
export async function replaceKeyring(home: KeyringHome, next: Keyring, companions: Companions = {}): Promise<void> {
  const key = home.barrier.keyFor(next);
  const { counted, changes } = await keyringBatch(home, next, key, companions);
  await home.barrier.install(counted, key, changes);
}

/** A new data key becomes the active one. `installTime` is RFC 3339. */
export function rotateKeyring(home: KeyringHome, installTime: string): Promise<void> {
  return replaceKeyring(home, addTerm(home.barrier.keyring, installTime));
}

/** Opens the keyring of `storage` under `rootKey`. Throws `STORAGE_INCOMPLETE` or `ENTRY_CORRUPT`. */
export async function openBarrier(storage: Storage, rootKey: Keyring["rootKey"]): Promise<Barrier> {
  const entry = await storage.get(KEYRING);
  if (entry === undefined) throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${KEYRING}`);
  const term = termOf(KEYRING, entry);
  if (term !== KEYRING_TERM) {
    throw new CoreError(
      "ENTRY_CORRUPT",
      `the entry ${KEYRING} names key term ${term}, and is always of ${KEYRING_TERM}`,
    );
  }
  const plaintext = openEntry(rootKey, KEYRING, entry);
  try {
    const keyring = parseKeyring(plaintext);
    return Barrier.resume(storage, keyring, await resumeCount(storage, keyring));
  } finally {
    plaintext.fill(0);
  }
}
