// SPDX-License-Identifier: Apache-2.0
/**
 * AES-256-GCM (NIST SP 800-38D), the one place that calls the cipher. Key 32 bytes, nonce 12 bytes drawn at random
 * (section 8.2.2), tag 16 bytes. The additional data is always spelled out; `NO_AAD` is what OpenBao's blobs need.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from "node:crypto";

/** Of an AES-256 key. */
export const KEY_BYTES = 32;
/** Of a GCM nonce. */
export const NONCE_BYTES = 12;
/** Of a GCM tag. */
export const TAG_BYTES = 16;

/** No additional data, on purpose. */
export const NO_AAD: Uint8Array = new Uint8Array(0);

/** Authentication failed: altered, cut short, another key or other additional data. It never says which. */
export class AuthenticationError extends Error {
  override readonly name = "AuthenticationError";
  constructor() {
    super("message authentication failed");
  }
}

function checkKey(key: KeyObject | Uint8Array): void {
  const length = key instanceof Uint8Array ? key.length : key.symmetricKeySize;
  if (length !== KEY_BYTES) throw new RangeError(`an AES-256 key has ${KEY_BYTES} bytes, this one has ${length}`);
}

// Nonces are cut from a pool: one system call serves many encryptions. A slice is handed out once and copied.
const pool = Buffer.alloc(NONCE_BYTES * 512);
let used = pool.length;

/** 12 fresh random bytes. */
export function randomNonce(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += NONCE_BYTES;
  return Uint8Array.prototype.slice.call(pool, used - NONCE_BYTES, used);
}

/** Encrypts under a fresh nonce. Answers `nonce || ciphertext || tag`, 28 bytes longer than `plaintext`. */
export function encrypt(key: KeyObject | Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  return encryptWith(key, randomNonce(), plaintext, aad);
}

/** As {@link encrypt}, under a given nonce (12 bytes), which must never serve twice under one key. For vectors. */
export function encryptWith(
  key: KeyObject | Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Buffer {
  checkKey(key);
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  if (aad.length > 0) cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts `nonce || ciphertext || tag`. Throws {@link AuthenticationError} and releases no plaintext on any doubt. */
export function decrypt(key: KeyObject | Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  checkKey(key);
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new AuthenticationError();
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  if (aad.length > 0) decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    // Counter mode has given every byte already: this only checks the tag.
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    throw new AuthenticationError();
  }
}
