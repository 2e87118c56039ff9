// SPDX-License-Identifier: Apache-2.0
/**
 * Envelope encryption as go-kms-wrapping does it: a fresh 32-byte data key encrypts the plaintext with AES-256-GCM, the
 * nonce stands in `iv`, and the backend wraps the data key.
 */
import { randomBytes } from "node:crypto";
import { AuthenticationError, decrypt, encrypt, KEY_BYTES, NO_AAD, NONCE_BYTES } from "./aead.ts";
import type { KeyInfo, SealedBlob } from "./blob.ts";
import { SealError } from "./errors.ts";

/** The two fields of a blob with the nonce in `iv`, as views of the `nonce || ciphertext` that {@link encrypt} gives. */
export function nonceApart(sealed: Uint8Array): { iv: Uint8Array; ciphertext: Uint8Array } {
  return { iv: sealed.subarray(0, NONCE_BYTES), ciphertext: sealed.subarray(NONCE_BYTES) };
}

/**
 * The `nonce || ciphertext || tag` of an AES-256-GCM blob of either layout. An `iv` that is neither absent nor 12 bytes
 * is `SEAL_BAD_CIPHERTEXT`.
 */
export function nonceInFront(blob: SealedBlob): Uint8Array {
  const ivBytes = blob.iv?.length ?? 0;
  if (blob.iv === undefined || ivBytes === 0) return blob.ciphertext;
  if (ivBytes === NONCE_BYTES) return Buffer.concat([blob.iv, blob.ciphertext]);
  throw new SealError("SEAL_BAD_CIPHERTEXT", `the blob's nonce has ${ivBytes} bytes instead of ${NONCE_BYTES}`);
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
    // First, so that the borrowed plaintext is not read after an abandoned call, when its owner may have wiped it.
    const sealed = nonceApart(encrypt(dataKey, plaintext, aad));
    return { ...sealed, keyInfo: await wrapKey(dataKey) };
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
