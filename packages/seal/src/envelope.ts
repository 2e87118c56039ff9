// SPDX-License-Identifier: Apache-2.0
/**
 * Envelope encryption as go-kms-wrapping does it: a fresh 32-byte data key encrypts the plaintext with AES-256-GCM, the
 * nonce stands in `iv`, and the backend wraps the data key.
 */
import { randomBytes } from "node:crypto";
import { AuthenticationError, decrypt, encrypt, KEY_BYTES, NO_AAD, NONCE_BYTES } from "./aead.ts";
import type { KeyInfo, SealedBlob } from "./blob.ts";
import { SealError } from "./errors.ts";

/** Splits `nonce || ciphertext` as {@link encrypt} gives it into the two fields of a blob with the nonce in `iv`. */
export function nonceApart(sealed: Uint8Array): { iv: Uint8Array; ciphertext: Uint8Array } {
  return { iv: sealed.slice(0, NONCE_BYTES), ciphertext: sealed.slice(NONCE_BYTES) };
}

/** The `nonce || ciphertext || tag` of an AES-256-GCM blob of either layout: `iv || ciphertext` is right for both. */
export function nonceInFront(blob: SealedBlob): Uint8Array {
  return blob.iv === undefined || blob.iv.length === 0 ? blob.ciphertext : Buffer.concat([blob.iv, blob.ciphertext]);
}

/** Decrypts an AES-256-GCM blob of either nonce layout under `key` (32 bytes); `SEAL_BAD_CIPHERTEXT` on any doubt. */
export function openAead(key: Uint8Array, blob: SealedBlob, aad: Uint8Array = NO_AAD): Uint8Array {
  try {
    return decrypt(key, nonceInFront(blob), aad);
  } catch (cause) {
    if (!(cause instanceof AuthenticationError)) throw cause;
    throw new SealError("SEAL_BAD_CIPHERTEXT", "the blob does not open: another key wrapped it, or it was altered", {
      cause,
    });
  }
}

/** Wraps `plaintext` in an envelope; `wrapKey` gets the data key (borrowed) and answers how the backend wrapped it. */
export async function sealEnvelope(
  plaintext: Uint8Array,
  aad: Uint8Array,
  wrapKey: (dataKey: Uint8Array) => Promise<Required<Pick<KeyInfo, "keyId" | "wrappedKey">> & KeyInfo>,
): Promise<SealedBlob> {
  const dataKey = randomBytes(KEY_BYTES);
  try {
    const keyInfo = await wrapKey(dataKey);
    return { ...nonceApart(encrypt(dataKey, plaintext, aad)), keyInfo };
  } finally {
    dataKey.fill(0);
  }
}

/** Opens an envelope; `unwrapKey` gets the wrapped data key and what the blob says of its key. Takes over its answer. */
export async function openEnvelope(
  blob: SealedBlob,
  aad: Uint8Array,
  unwrapKey: (wrappedKey: Uint8Array, info: KeyInfo) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const info = blob.keyInfo;
  if (info?.wrappedKey === undefined || info.wrappedKey.length === 0) {
    throw new SealError("SEAL_BAD_CIPHERTEXT", "the blob is no envelope: it carries no wrapped data key");
  }
  const dataKey = await unwrapKey(info.wrappedKey, info);
  try {
    if (dataKey.length !== KEY_BYTES) {
      throw new SealError("SEAL_BAD_CIPHERTEXT", `the data key has ${dataKey.length} bytes instead of ${KEY_BYTES}`);
    }
    return openAead(dataKey, blob, aad);
  } finally {
    dataKey.fill(0);
  }
}
