// SPDX-License-Identifier: Apache-2.0
/** One plaintext wrapped by several seals: `MultiWrapValue { int64 generation = 1; repeated BlobInfo slots = 2 }`. */
import { decodeBlob, encodeBlob, type SealedBlob } from "./blob.ts";
import { Message, messageField, numberField } from "./protobuf.ts";

/** What several seals make of a plaintext. */
export interface MultiBlob {
  /** Of the set of seals; at most 2^53 - 1. */
  readonly generation: number;
  /** One blob per seal; any of them gives the plaintext. */
  readonly slots: readonly SealedBlob[];
}

/** The protobuf bytes of `multi`. Throws `RangeError` as `encodeBlob` does. */
export function encodeMultiBlob({ generation, slots }: MultiBlob): Uint8Array {
  return Buffer.concat([...numberField(1, generation), ...slots.flatMap((slot) => messageField(2, encodeBlob(slot)))]);
}

/** Reads the protobuf bytes of a `MultiWrapValue`. Throws `SEAL_BAD_CIPHERTEXT` for what is not such a message. */
export function decodeMultiBlob(bytes: Uint8Array): MultiBlob {
  const message = new Message(bytes);
  return { generation: message.number(1) ?? 0, slots: message.all(2).map(decodeBlob) };
}
