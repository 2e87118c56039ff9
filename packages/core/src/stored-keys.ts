// SPDX-License-Identifier: Apache-2.0
/** What stands in `core/hsm/barrier-unseal-keys` and `core/recovery-key`: keys under the seal. */
import { createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import {
  decodeBlob,
  encodeBlob,
  isSealError,
  KEY_BYTES,
  type KeyInfo,
  type Seal,
  type SealCall,
  SealError,
} from "@sealwright/seal";
import * as z from "zod";
import { CoreError } from "./errors.ts";
import { STORED_KEYS } from "./paths.ts";
import type { Storage } from "./storage.ts";

const storedKeys = z.array(z.base64()).length(1);
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });
const MAX_SHOWN_KEY_ID = 80;

function callWith(signal: AbortSignal | undefined): SealCall {
  return signal === undefined ? {} : { signal };
}

/** The value of `core/hsm/barrier-unseal-keys`: `rootKey` under `seal`. */
export async function sealRootKey(seal: Seal, rootKey: KeyObject, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = rootKey.export();
  const plaintext = Buffer.from(JSON.stringify([bytes.toString("base64")]));
  try {
    return encodeBlob(await seal.wrap(plaintext, callWith(signal)));
  } finally {
    bytes.fill(0);
    plaintext.fill(0);
  }
}

/** The value of `core/recovery-key`: `key` (32 bytes, borrowed) under `seal`. */
export async function sealRecoveryKey(seal: Seal, key: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  return encodeBlob(await seal.wrap(key, callWith(signal)));
}

/**
 * What `seal` unwraps the entry at `path` to; the caller wipes it. Throws `STORAGE_INCOMPLETE` where there is none,
 * `ENTRY_CORRUPT` for what no seal wrote, `WRONG_SEAL` where the seal answers that it does not open it.
 */
export async function unwrapEntry(
  storage: Storage,
  path: string,
  seal: Seal,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const entry = await storage.get(path);
  if (entry === undefined) throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${path}`);
  const blob = decodeEntry(path, entry);
  try {
    return await seal.unwrap(blob, callWith(signal));
  } catch (cause) {
    if (!isSealError(cause, "SEAL_BAD_CIPHERTEXT")) throw cause;
    // A key id comes out of storage: quoted, and cut.
    const keyId = blob.keyInfo?.keyId.slice(0, MAX_SHOWN_KEY_ID);
    const wrappedBy = keyId ? `, which a key called ${JSON.stringify(keyId)} wrapped` : "";
    const message = `the ${seal.type} seal does not open ${path}${wrappedBy}: its key is another, or the entry was altered`;
    throw new CoreError("WRONG_SEAL", message, { cause });
  }
}

function decodeEntry(path: string, entry: Uint8Array): ReturnType<typeof decodeBlob> {
  try {
    return decodeBlob(entry);
  } catch (cause) {
    throw new CoreError("ENTRY_CORRUPT", `the entry ${path} is cut short or altered: it is no sealed blob`, { cause });
  }
}

/** The key of 32 bytes that `text` is. Throws `RangeError` for other lengths. */
export function keyOfBase64(text: string): KeyObject {
  const bytes = Buffer.from(text, "base64");
  try {
    if (bytes.length !== KEY_BYTES) throw new RangeError(`${bytes.length} bytes`);
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** The root key of `storage`, unwrapped by `seal`. Throws as {@link unwrapEntry}. */
export async function readRootKey(storage: Storage, seal: Seal, signal?: AbortSignal): Promise<KeyObject> {
  const plaintext = await unwrapEntry(storage, STORED_KEYS, seal, signal);
  try {
    const [text = ""] = storedKeys.parse(JSON.parse(strictUtf8.decode(plaintext)));
    return keyOfBase64(text);
  } catch {
    // The cause would quote the root key.
    throw new CoreError("ENTRY_CORRUPT", `${STORED_KEYS} unwraps, but its content is not one root key of 32 bytes`);
  } finally {
    plaintext.fill(0);
  }
}

/** What wrapped the root key of `storage`, where the blob says so. Throws `STORAGE_INCOMPLETE` or `ENTRY_CORRUPT`. */
export async function rootKeyInfo(storage: Storage, path = STORED_KEYS): Promise<KeyInfo | undefined> {
  const entry = await storage.get(path);
  if (entry === undefined) throw new CoreError("STORAGE_INCOMPLETE", `the storage has no ${path}`);
  return decodeEntry(path, entry).keyInfo;
}

/** The key id of the sealed blob at `path`, empty where it names none; undefined where there is no entry. */
export async function keyIdAt(storage: Storage, path: string): Promise<string | undefined> {
  const entry = await storage.get(path);
  return entry === undefined ? undefined : (decodeEntry(path, entry).keyInfo?.keyId ?? "");
}

/**
 * Proves a seal before anything is stored under it: wraps and unwraps random bytes as long as a stored root key, and
 * answers what wrapped them, where the seal says so. Passes on what the seal rejects with; `SEAL_CONFIG` when the answer is not what was wrapped.
 */
export async function proveSeal(seal: Seal, signal?: AbortSignal): Promise<KeyInfo | undefined> {
  const call = callWith(signal);
  const probe = randomBytes(48);
  const blob = await seal.wrap(probe, call);
  let answer: Uint8Array;
  try {
    answer = await seal.unwrap(blob, call);
  } catch (error) {
    if (!isSealError(error, "SEAL_BAD_CIPHERTEXT")) throw error;
    throw new SealError("SEAL_CONFIG", `the ${seal.type} seal cannot unwrap what it wrapped itself: ${error.message}`, {
      cause: error,
    });
  }
  if (answer.length === probe.length && timingSafeEqual(answer, probe)) return blob.keyInfo;
  throw new SealError("SEAL_CONFIG", `the ${seal.type} seal unwraps to other bytes than it wrapped`);
}
