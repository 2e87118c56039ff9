// SPDX-License-Identifier: Apache-2.0
/**
 * The form of an entry that seals have put a layer around, as Vault writes it. By one seal: a `BlobInfo` whose field 4
 * says that `ciphertext` is one, then the byte `s`. By several: 16 bytes that say so, the length of what follows (u32
 * big-endian), a `MultiWrapValue` with a slot for each seal, then the byte `s`.
 */
import {
  decodeBlob,
  decodeMultiBlob,
  encodeBlob,
  encodeMultiBlob,
  isSealError,
  type SealedBlob,
} from "@sealwright/seal";

const MARK = Uint8Array.of("s".charCodeAt(0));
const MULTI = Buffer.from("multiwrapvalue:1");
const LENGTH_BYTES = 4;

/** The stored bytes of what seals made of an entry: `slots` holds one blob per seal, at least one. */
export function encodeWrapped(slots: readonly SealedBlob[], generation: number): Uint8Array {
  const wrapped = slots.map((each) => ({ ...each, wrapped: true }));
  const [only, ...others] = wrapped;
  if (only === undefined) throw new RangeError("a layer is by a seal");
  if (others.length === 0) return Buffer.concat([encodeBlob(only), MARK]);
  const message = encodeMultiBlob({ generation, slots: wrapped });
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  return Buffer.concat([MULTI, length, message, MARK]);
}

/**
 * The slots of `stored` if it is in one of these forms: a single one whose `wrapped` is unset or false holds the entry
 * itself. Undefined for an entry without a layer: that begins with its term, whose first byte is 0 below 2^24, and
 * neither form does.
 */
export function decodeWrapped(stored: Uint8Array): readonly SealedBlob[] | undefined {
  if (stored.at(-1) !== MARK[0]) return undefined;
  try {
    if (Buffer.from(stored.subarray(0, MULTI.length)).equals(MULTI))
      return decodeSlots(stored.subarray(MULTI.length, -1));
    const blob = decodeBlob(stored.subarray(0, -1));
    return blob.ciphertext.length === 0 ? undefined : [blob];
  } catch (error) {
    if (isSealError(error, "SEAL_BAD_CIPHERTEXT")) return undefined;
    throw error;
  }
}

function decodeSlots(body: Uint8Array): readonly SealedBlob[] | undefined {
  if (body.length < LENGTH_BYTES) return undefined;
  const message = body.subarray(LENGTH_BYTES);
  if (new DataView(body.buffer, body.byteOffset).getUint32(0) !== message.length) return undefined;
  const { slots } = decodeMultiBlob(message);
  return slots.length === 0 ? undefined : slots;
}
