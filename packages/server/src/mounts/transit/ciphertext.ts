// SPDX-License-Identifier: Apache-2.0
/**
 * Vault's ciphertexts: `vault:vN:` and the base64 of `nonce || ciphertext || tag` (12 bytes, as long as the plaintext,
 * 16 bytes), where N is the version of the key.
 */
import type { KeyObject } from "node:crypto";
import { AuthenticationError, decrypt, encrypt, NONCE_BYTES, TAG_BYTES } from "@sealwright/seal";
import { HttpError } from "../../http/problem.ts";

const PREFIX = "vault:v";
/** With the length, which is a multiple of four. Counted groups would overflow the stack at some mebibytes. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes that `text`, padded base64, stands for; undefined where it is none. Line breaks are skipped, as in Go. */
export function decodeBase64(text: string): Buffer | undefined {
  const line = text.replace(/[\r\n]/g, "");
  return line.length % 4 === 0 && BASE64.test(line) ? Buffer.from(line, "base64") : undefined;
}

function refuse(why: string): never {
  throw new HttpError(400, `invalid ciphertext: ${why}`);
}

/** A ciphertext taken apart. */
export interface Ciphertext {
  /** At least 1. */
  readonly version: number;
  /** `nonce || ciphertext || tag`. */
  readonly sealed: Buffer;
}

/** Takes a ciphertext apart. Throws 400, in Vault's words. */
export function parseCiphertext(text: string): Ciphertext {
  if (!text.startsWith(PREFIX)) refuse("no prefix");
  const colon = text.indexOf(":", PREFIX.length);
  if (colon === -1) refuse("wrong number of fields");
  const number = text.slice(PREFIX.length, colon);
  if (!/^\d{1,9}$/.test(number)) refuse("version number could not be decoded");
  const sealed = decodeBase64(text.slice(colon + 1));
  if (sealed === undefined) return refuse("could not decode base64");
  // Vault's first release counted from 0.
  return { version: Math.max(1, Number(number)), sealed };
}

/** The ciphertext of `plaintext` under the version `version` of a key, bound to `associatedData`. */
export function encryptText(
  key: KeyObject,
  version: number,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): string {
  return `${PREFIX}${version}:${encrypt(key, plaintext, associatedData).toString("base64")}`;
}

/** The plaintext, the caller's to wipe. Throws 400 for what is altered, cut short, or another key's. */
export function decryptText(key: KeyObject, sealed: Uint8Array, associatedData: Uint8Array): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new HttpError(400, "invalid ciphertext length");
  try {
    return decrypt(key, sealed, associatedData);
  } catch (error) {
    if (error instanceof AuthenticationError) throw new HttpError(400, "cipher: message authentication failed");
    throw error;
  }
}
