// SPDX-License-Identifier: Apache-2.0
/** Every change of the keyring is one batch: keyring, root key for standbys, and whatever belongs to the change. */
import { Barrier, type PlainChange } from "./barrier.ts";
import { openEntry, sealEntry } from "./entry.ts";
import { CoreError } from "./errors.ts";
import { addTerm, type Keyring, parseKeyring, serializeKeyring, serializeRootKey, withEncryptions } from "./keyring.ts";
import { KEYRING, LEGACY_ROOT_KEY, ROOT_KEY } from "./paths.ts";
import type { Change, Storage } from "./storage.ts";

/** The keyring entry names term 1 whatever the active term is, since no data key encrypts it. */
const KEYRING_TERM = 1;

function keyringEntry(keyring: Keyring): Change {
  const plaintext = serializeKeyring(keyring);
  try {
    return { op: "put", path: KEYRING, value: sealEntry(KEYRING_TERM, keyring.rootKey, KEYRING, plaintext) };
  } finally {
    plaintext.fill(0);
  }
}

function rootKeyEntry(encrypter: Barrier, keyring: Keyring): Change {
  const plaintext = serializeRootKey(keyring.rootKey);
  try {
    return { op: "put", path: ROOT_KEY, value: encrypter.encrypt(ROOT_KEY, plaintext) };
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

/**
 * Writes `keyring`, the root key for standbys and `companions` as one batch, encrypted by `encrypter`, whose active key
 * must be that of `keyring`. Answers the keyring as it was written, its count including these encryptions.
 */
export async function commitKeyring(
  storage: Storage,
  encrypter: Barrier,
  keyring: Keyring,
  companions: Companions = {},
): Promise<Keyring> {
  const encrypted = [rootKeyEntry(encrypter, keyring), ...encrypter.encryptAll(companions.plain ?? [])];
  const counted = withEncryptions(keyring, encrypter.encryptions);
  await storage.write([
    keyringEntry(counted),
    ...encrypted,
    { op: "delete", path: LEGACY_ROOT_KEY },
    ...(companions.raw ?? []),
  ]);
  return counted;
}

/** Writes a keyring of a new active key and swaps it in: what was written before stays readable. */
export async function rotateKeyring(storage: Storage, barrier: Barrier, installTime: string): Promise<void> {
  const next = addTerm(barrier.keyring, installTime);
  barrier.swap(await commitKeyring(storage, new Barrier(storage, next), next));
}

/** Saves the count of encryptions with the keyring, if it moved. */
export async function saveEncryptionCount(storage: Storage, barrier: Barrier): Promise<void> {
  if (barrier.encryptions === barrier.keyring.active.encryptions) return;
  const counted = withEncryptions(barrier.keyring, barrier.encryptions);
  await storage.write([keyringEntry(counted)]);
  barrier.swap(counted);
}

/** Opens the keyring of `storage` under `rootKey`. */
export async function openBarrier(storage: Storage, rootKey: Keyring["rootKey"]): Promise<Barrier> {
  const entry = await storage.get(KEYRING);
  if (entry === undefined) throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${KEYRING}`);
  const plaintext = openEntry(rootKey, KEYRING, entry);
  try {
    return new Barrier(storage, parseKeyring(plaintext));
  } finally {
    plaintext.fill(0);
  }
}
