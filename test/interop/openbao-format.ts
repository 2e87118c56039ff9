// SPDX-License-Identifier: Apache-2.0
/**
 * OpenBao's bytes on disk, read with nothing but Node: no line of it is shared with what it checks. Where it cannot read
 * something, OpenBao couldn't either.
 */
import { createDecipheriv } from "node:crypto";

/** A keyring as it is written, its integers as texts. */
export interface Keyring {
  readonly MasterKey: string;
  readonly Keys: readonly {
    readonly Term: number;
    readonly Version: number;
    readonly Value: string;
    readonly InstallTime: string;
    readonly encryptions?: number;
  }[];
  readonly RotationConfig: { readonly Disabled: boolean; readonly MaxOperations: number; readonly Interval: number };
}

/** What a file of the storage holds: one JSON line with the entry in base64. */
export function entryIn(file: string): Buffer {
  const match = /^\{"Value":"([A-Za-z0-9+/=]+)"\}\n$/.exec(file);
  if (match?.[1] === undefined) throw new Error(`not a file of OpenBao's: ${file.slice(0, 40)}`);
  return Buffer.from(match[1], "base64");
}

/** The path of the entry in the file `a/b/_c`: `a/b/c`. */
export function pathOf(file: string): string {
  return file.replace(/(^|\/)_([^/]+)$/, "$1$2");
}

/** AES-256-GCM with a 16-byte tag at the end. Throws where it does not open. */
export function openGcm(key: Buffer, nonce: Buffer, sealed: Buffer, aad: Buffer = Buffer.alloc(0)): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

/** The term that a barrier entry says it was written under. */
export function termOf(entry: Buffer): number {
  return entry.readUInt32BE(0);
}

/** Opens a barrier entry: term, version 2, 12 bytes of nonce, ciphertext and tag, with its path as additional data. */
export function openEntry(key: Buffer, path: string, entry: Buffer): Buffer {
  if (entry[4] !== 2) throw new Error(`${path} has version ${entry[4]}`);
  return openGcm(key, entry.subarray(5, 17), entry.subarray(17), Buffer.from(path, "utf8"));
}

/** The fields of a protobuf message that are bytes, by number; of any other kind there is none in these blobs' top level. */
export function bytesFields(message: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("a protobuf message ends within a number");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) !== 2) throw new Error(`field ${tag >> 3} is not bytes`);
    const length = varint();
    fields.set(tag >> 3, message.subarray(at, at + length));
    at += length;
  }
  return fields;
}

/** Opens a blob whose key is known: the nonce stands in field 2, or in front of the ciphertext in field 1. */
export function openBlob(key: Buffer, blob: Buffer): Buffer {
  const fields = bytesFields(blob);
  const bytes = Buffer.concat([fields.get(2) ?? Buffer.alloc(0), fields.get(1) ?? Buffer.alloc(0)]);
  return openGcm(key, bytes.subarray(0, 12), bytes.subarray(12));
}

function multiply(a: number, b: number): number {
  let [product, factor] = [0, a];
  for (let bits = b; bits > 0; bits >>= 1) {
    if (bits & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product;
}

function inverse(a: number): number {
  for (let candidate = 1; candidate < 256; candidate++) if (multiply(a, candidate) === 1) return candidate;
  throw new Error("0 has no inverse");
}

/** The key that `shares` stand for, each the y values followed by x: Lagrange's polynomial at 0 in GF(2^8). */
export function combineShares(shares: readonly Buffer[]): Buffer {
  const xs = shares.map((share) => share.at(-1) ?? 0);
  const weights = xs.map((x, index) =>
    xs.filter((_, other) => other !== index).reduce((w, other) => multiply(w, multiply(other, inverse(other ^ x))), 1),
  );
  const length = (shares[0]?.length ?? 1) - 1;
  return Buffer.from(
    Array.from({ length }, (_, at) =>
      shares.reduce((sum, share, index) => sum ^ multiply(share[at] ?? 0, weights[index] ?? 0), 0),
    ),
  );
}
