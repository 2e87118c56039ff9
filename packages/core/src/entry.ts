// SPDX-License-Identifier: Apache-2.0
/**
 * The barrier entry: `term: u32 big-endian | version: u8 | nonce: 12 | ciphertext | tag: 16`. Version 2 binds the
 * storage path as additional data; version 1 binds nothing and is read but never written.
 */
import type { KeyObject } from "node:crypto";
import { AuthenticationError, decrypt, encrypt, NO_AAD, NONCE_BYTES, TAG_BYTES } from "@sealwright/seal";
import { CoreError } from "./errors.ts";

const HEADER_BYTES = 5;
const WITHOUT_PATH = 1;
const WITH_PATH = 2;

/** Encrypts `plaintext` for `path` under the key of `term`. */
export function sealEntry(term: number, key: KeyObject, path: string, plaintext: Uint8Array): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(term, 0);
  header[4] = WITH_PATH;
  return Buffer.concat([header, encrypt(key, plaintext, Buffer.from(path, "utf8"))]);
}

/** The term that an entry names. Throws `ENTRY_CORRUPT` for what is no entry. */
export function termOf(path: string, entry: Uint8Array): number {
  if (entry.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES) {
    throw new CoreError("ENTRY_CORRUPT", `the entry ${path} is cut short: it has ${entry.length} bytes`);
  }
  return new DataView(entry.buffer, entry.byteOffset).getUint32(0);
}

/** Decrypts an entry under `key`. Throws `ENTRY_CORRUPT` when it was altered, moved, or is of another key. */
export function openEntry(key: KeyObject, path: string, entry: Uint8Array): Buffer {
  const term = termOf(path, entry);
  const version = entry[4];
  if (version !== WITHOUT_PATH && version !== WITH_PATH) {
    throw new CoreError("ENTRY_CORRUPT", `the entry ${path} has the unknown format version ${version}`);
  }
  const aad = version === WITH_PATH ? Buffer.from(path, "utf8") : NO_AAD;
  try {
    return decrypt(key, entry.subarray(HEADER_BYTES), aad);
  } catch (cause) {
    if (!(cause instanceof AuthenticationError)) throw cause;
    const message = `the entry ${path} (term ${term}) does not open: it was altered, cut short, moved, or is of another key`;
    throw new CoreError("ENTRY_CORRUPT", message, { cause });
  }
}
