// SPDX-License-Identifier: Apache-2.0
/** What stands in `core/hsm/barrier-unseal-keys` and `core/recovery-key`: keys under the seal. */
import { createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { decodeBlob, encodeBlob, KEY_BYTES, type Seal, SealError } from "@sealwright/seal";
import { z } from "zod";
import { CoreError } from "./errors.ts";
import { RECOVERY_KEY, STORED_KEYS } from "./paths.ts";
import type { Storage } from "./storage.ts";

const storedKeys = z.array(z.base64()).length(1);

/** The value of `core/hsm/barrier-unseal-keys`: `rootKey` under `seal`. */
export async function sealRootKey(seal: Seal, rootKey: KeyObject, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = rootKey.export();
  const plaintext = Buffer.from(JSON.stringify([bytes.toString("base64")]));
  try {
    return encodeBlob(await seal.wrap(plaintext, signal === undefined ? {} : { signal }));
  } finally {
    bytes.fill(0);
    plaintext.fill(0);
  }
}

/** The root key that `entry` holds, unwrapped by `seal`. */
export async function unsealRootKey(seal: Seal, entry: Uint8Array, signal?: AbortSignal): Promise<KeyObject> {
  const plaintext = await seal.unwrap(decodeBlob(entry), signal === undefined ? {} : { signal });
  try {
    const [text] = storedKeys.parse(JSON.parse(Buffer.from(plaintext).toString("utf8")));
    const bytes = Buffer.from(text ?? "", "base64");
    if (bytes.length !== KEY_BYTES) throw new RangeError(`${bytes.length} bytes`);
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  } catch {
    // The cause would quote the root key.
    throw new CoreError("ENTRY_CORRUPT", `${STORED_KEYS} unwraps, but its content is not one root key of 32 bytes`);
  } finally {
    plaintext.fill(0);
  }
}

/** The value of `core/recovery-key`: `key` (32 bytes, borrowed) under `seal`. */
export async function sealRecoveryKey(seal: Seal, key: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  return encodeBlob(await seal.wrap(key, signal === undefined ? {} : { signal }));
}

/** Whether `candidate` (borrowed) is the recovery key, compared in constant time after an unwrap. */
export async function isRecoveryKey(
  storage: Storage,
  seal: Seal,
  candidate: Uint8Array,
  signal?: AbortSignal,
): Promise<boolean> {
  const entry = await storage.get(RECOVERY_KEY);
  if (entry === undefined) throw new CoreError("INVALID_REQUEST", "this storage has no recovery key");
  const key = await seal.unwrap(decodeBlob(entry), signal === undefined ? {} : { signal });
  try {
    return key.length === candidate.length && timingSafeEqual(key, candidate);
  } finally {
    key.fill(0);
  }
}

/**
 * Proves a seal before anything is stored under it: wraps and unwraps random bytes as long as a stored root key.
 * Passes on what the seal rejects with; `SEAL_CONFIG` when the answer is not what was wrapped.
 */
export async function proveSeal(seal: Seal, signal?: AbortSignal): Promise<void> {
  const call = signal === undefined ? {} : { signal };
  const probe = randomBytes(48);
  let answer: Uint8Array;
  try {
    answer = await seal.unwrap(await seal.wrap(probe, call), call);
  } catch (error) {
    if (!(error instanceof SealError) || error.code !== "SEAL_BAD_CIPHERTEXT") throw error;
    throw new SealError("SEAL_CONFIG", `the ${seal.type} seal cannot unwrap what it wrapped itself: ${error.message}`, {
      cause: error,
    });
  }
  if (answer.length === probe.length && timingSafeEqual(answer, probe)) return;
  throw new SealError("SEAL_CONFIG", `the ${seal.type} seal unwraps to other bytes than it wrapped`);
}
