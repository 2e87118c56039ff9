// SPDX-License-Identifier: Apache-2.0
/** Texts that are too long for one operation on the token: a fresh data key encrypts them here, and the token that key. */
import { KEY_BYTES, NO_AAD, openEnvelope, type SealedBlob, sealEnvelope, TAG_BYTES } from "@sealwright/seal";
import type { Cipher } from "./cipher.ts";

/** How a data key that a cipher has encrypted is written as one text, `KeyInfo.wrappedKey`, and read again. */
export interface KeyForm {
  write(blob: SealedBlob): Uint8Array;
  /** Never throws: what has parts of odd lengths does not open. */
  read(wrappedKey: Uint8Array): SealedBlob;
}

const NO_BYTES = new Uint8Array();
const IV_BYTES = 16;
/** A data key and its padding. */
const PADDED_KEY_BYTES = KEY_BYTES + IV_BYTES;

/** The ciphertext of RSA-OAEP, which has no other part. */
export const CIPHERTEXT_ONLY: KeyForm = {
  write: ({ ciphertext }) => ciphertext,
  read: (wrappedKey) => ({ ciphertext: wrappedKey }),
};

/** The nonce of AES-GCM, of whatever length the token likes, in front of the ciphertext and its tag. */
export const NONCE_IN_FRONT: KeyForm = {
  write: ({ iv = NO_BYTES, ciphertext }) => Buffer.concat([iv, ciphertext]),
  read: (wrappedKey) => {
    const nonceBytes = Math.max(0, wrappedKey.length - KEY_BYTES - TAG_BYTES);
    return { iv: wrappedKey.subarray(0, nonceBytes), ciphertext: wrappedKey.subarray(nonceBytes) };
  },
};

/** The IV of AES-CBC in front of the ciphertext, the HMAC behind it. */
export const IV_AND_HMAC_AROUND: KeyForm = {
  write: ({ iv = NO_BYTES, ciphertext, hmac = NO_BYTES }) => Buffer.concat([iv, ciphertext, hmac]),
  read: (wrappedKey) => ({
    iv: wrappedKey.subarray(0, IV_BYTES),
    ciphertext: wrappedKey.subarray(IV_BYTES, IV_BYTES + PADDED_KEY_BYTES),
    hmac: wrappedKey.subarray(IV_BYTES + PADDED_KEY_BYTES),
  }),
};

/**
 * `cipher` for texts of any length: those beyond `mostBytes` go into an envelope, in the same operation on the token.
 * `mechanism` is what the blob notes then, in `KeyInfo.mechanism`.
 */
export function withEnvelope(cipher: Cipher, mostBytes: number, mechanism: number, form: KeyForm): Cipher {
  return {
    ...cipher,
    async wrap(session, plaintext, aad) {
      if (plaintext.length <= mostBytes) return cipher.wrap(session, plaintext, aad);
      return sealEnvelope(plaintext, aad, async (dataKey) => {
        const blob = await cipher.wrap(session, dataKey, NO_AAD);
        return { ...blob.keyInfo, keyId: blob.keyInfo?.keyId ?? "", mechanism, wrappedKey: form.write(blob) };
      });
    },
    async unwrap(session, blob, aad) {
      if (blob.keyInfo?.wrappedKey === undefined) return cipher.unwrap(session, blob, aad);
      return openEnvelope(blob, aad, (wrappedKey) => cipher.unwrap(session, form.read(wrappedKey), NO_AAD));
    },
  };
}
