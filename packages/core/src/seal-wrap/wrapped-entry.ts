// SPDX-License-Identifier: Apache-2.0
/**
 * The form of an entry that a seal has put a layer around, as Vault writes it: a `BlobInfo` whose field 4 says that
 * `ciphertext` is one, then the byte `s`.
 */
import { decodeBlob, encodeBlob, isSealError, type SealedBlob } from "@sealwright/seal";

const MARK = "s".charCodeAt(0);

/** The stored bytes of what a seal made of an entry. */
export function encodeWrapped(blob: SealedBlob): Uint8Array {
  return Buffer.concat([encodeBlob({ ...blob, wrapped: true }), Uint8Array.of(MARK)]);
}

/**
 * What `stored` holds if it is in this form: with `wrapped` unset or false, `ciphertext` is the entry itself. Undefined
 * for an entry without a layer: that begins with its term, whose first byte is 0 below 2^24, and no message does.
 */
export function decodeWrapped(stored: Uint8Array): SealedBlob | undefined {
  if (stored.at(-1) !== MARK) return undefined;
  try {
    const blob = decodeBlob(stored.subarray(0, -1));
    return blob.ciphertext.length === 0 ? undefined : blob;
  } catch (error) {
    if (isSealError(error, "SEAL_BAD_CIPHERTEXT")) return undefined;
    throw error;
  }
}
