// SPDX-License-Identifier: Apache-2.0
/** Every change of the keyring is one batch: keyring, root key for standbys, and whatever belongs to the change. */
import { Barrier, type PlainChange } from "./barrier.ts";
import { openEntry, sealEntry, termOf } from "./entry.ts";
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

/**
 * Writes a keyring with a new active key and then swaps it into `barrier`: what was written before stays readable, and
 * where the write fails the old key stays active. `installTime` is RFC 3339.
 */
export async function rotateKeyring(storage: Storage, barrier: Barrier, installTime: string): Promise<void> {
  const next = addTerm(barrier.keyring, installTime);
  barrier.swap(await commitKeyring(storage, new Barrier(storage, next), next));
}

/** Writes `keyring` alone, for its count: no key has changed. */
export function saveKeyring(storage: Storage, keyring: Keyring): Promise<void> {
  return storage.write([keyringEntry(keyring)]);
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
    return new Barrier(storage, parseKeyring(plaintext));
  } finally {
    plaintext.fill(0);
  }
}
