// SPDX-License-Identifier: Apache-2.0
/** Damage to blobs, for the conformance suite. Nothing here changes what it is given. */
import type { SealedBlob } from "@sealwright/seal";
import type { BlobPart } from "./seal-harness.ts";

/** `length` bytes that differ from call to call only by `seed` (0 to 255). */
export function sampleBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
}

/** Copies of `bytes` with one bit flipped each: in the first byte, the last, and some between. */
export function bitFlips(bytes: Uint8Array): Uint8Array[] {
  const last = bytes.length - 1;
  const positions = new Set([0, last >> 2, last >> 1, last]);
  return [...positions].map((position, index) => {
    const copy = Uint8Array.from(bytes);
    copy[position]! ^= 1 << (index * 2);
    return copy;
  });
}

/** The bytes of `part` in `blob`; empty where it is absent. */
export function partOf(blob: SealedBlob, part: BlobPart): Uint8Array {
  return (part === "iv" ? blob.iv : blob.keyInfo?.wrappedKey) ?? new Uint8Array();
}

/** `blob` with other bytes as `part`. */
export function withPart(blob: SealedBlob, part: BlobPart, bytes: Uint8Array): SealedBlob {
  if (part === "iv") return { ...blob, iv: bytes };
  return { ...blob, keyInfo: { ...blob.keyInfo, keyId: blob.keyInfo?.keyId ?? "", wrappedKey: bytes } };
}

/** A deep copy that shares no memory with `blob`. */
export function copyOf(blob: SealedBlob): SealedBlob {
  return structuredClone(blob);
}

/** How a text could betray `bytes`: as hex, as either base64, or as they are. */
export function notationsOf(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  return [buffer.toString("hex"), buffer.toString("base64"), buffer.toString("base64url"), buffer.toString("latin1")];
}
