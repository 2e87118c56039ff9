// SPDX-License-Identifier: Apache-2.0
/** Every change of the keyring is one batch: keyring, root key for standbys, and whatever belongs to the change. */
import { Barrier, type PlainChange } from "./barrier.ts";
import type { CountedKey } from "./counting/counted-key.ts";
import { resumeCount, setAside } from "./counting/resume.ts";
import { openEntry, sealEntry, termOf } from "./entry.ts";
import { CoreError } from "./errors.ts";
import { addTerm, type Keyring, parseKeyring, serializeKeyring, serializeRootKey, withEncryptions } from "./keyring.ts";
import { KEYRING, LEGACY_ROOT_KEY, REWRAP, ROOT_KEY } from "./paths.ts";
import type { Change, Storage } from "./storage.ts";

/** The keyring entry names term 1 whatever the active term is, since no data key encrypts it. */
const KEYRING_TERM = 1;

/**
 * What the entries of the keyring and of the root key for standbys go through on their way to storage: the changes that
 * put them there, with the seals' layer where there is one. It may take as long as a seal takes; nothing waits meanwhile
 * but the change of the keyring itself.
 */
export type WrapKeyring = (path: string, entry: Uint8Array, signal?: AbortSignal) => Promise<readonly Change[]>;

/** No layer: the entry as the barrier's format has it. */
export const unwrappedKeyring: WrapKeyring = async (path, value) => [{ op: "put", path, value }];

/** Where a keyring is kept. */
export interface KeyringHome {
  readonly barrier: Barrier;
  readonly wrapKeyring: WrapKeyring;
  /** For the layer's seal. */
  readonly signal?: AbortSignal;
}

/** The changes that write `keyring`, through the layer of its home. */
export async function keyringEntry(
  keyring: Keyring,
  { wrapKeyring, signal }: Pick<KeyringHome, "wrapKeyring" | "signal">,
): Promise<readonly Change[]> {
  const plaintext = serializeKeyring(keyring);
  try {
    const entry = sealEntry(KEYRING_TERM, keyring.rootKey, KEYRING, plaintext);
    return await wrapKeyring(KEYRING, entry, signal);
  } finally {
    plaintext.fill(0);
  }
}

async function layered(
  entry: Change | undefined,
  { wrapKeyring, signal }: Pick<KeyringHome, "wrapKeyring" | "signal">,
): Promise<readonly Change[]> {
  if (entry?.op !== "put") throw new RangeError("an encrypted put is a put");
  return wrapKeyring(entry.path, entry.value, signal);
}

/** The changes that write the present root key for standbys, encrypted anew and counted, through the layer of `home`. */
export async function rootKeyEntry(home: KeyringHome): Promise<readonly Change[]> {
  const { barrier } = home;
  const { keyring } = barrier;
  const value = serializeRootKey(keyring.rootKey);
  try {
    const [entry] = await barrier.encryptFor(barrier.keyFor(keyring), [{ op: "put", path: ROOT_KEY, value }]);
    return await layered(entry, home);
  } finally {
    value.fill(0);
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
    const [standbys, ...encrypted] = await home.barrier.encryptFor(key, plain);
    const counted = withEncryptions(next, key.total);
    const entries = await Promise.all([keyringEntry(counted, home), layered(standbys, home)]);
    const legacy: Change = { op: "delete", path: LEGACY_ROOT_KEY };
    return { counted, changes: [...entries.flat(), ...encrypted, legacy, ...(companions.raw ?? [])] };
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

/** Writes the entries of the present keyring anew, through the layer of `home`, in one batch; nothing else changes. */
export async function rewriteKeys(home: KeyringHome): Promise<void> {
  await replaceKeyring(home, home.barrier.keyring, { raw: [{ op: "delete", path: REWRAP }] });
}

/** Takes the layer off what is stored at a path, where there is one. */
type Unlayer = (path: string, stored: Uint8Array) => Promise<Uint8Array>;

/**
 * Opens the keyring of `storage` under `rootKey`, once `unlayer` has taken off its layer. Throws `STORAGE_INCOMPLETE` or
 * `ENTRY_CORRUPT`, and what `unlayer` rejects with.
 */
export async function openBarrier(
  storage: Storage,
  rootKey: Keyring["rootKey"],
  unlayer: Unlayer = async (_path, stored) => stored,
): Promise<Barrier> {
  const stored = await storage.get(KEYRING);
  if (stored === undefined) throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${KEYRING}`);
  const entry = await unlayer(KEYRING, stored);
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
