// SPDX-License-Identifier: Apache-2.0
/** One-time passwords that hide a token on its way: as long as the token, and XORed with it. */
import { randomInt } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` random letters and digits. */
export function newOneTimePassword(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/** The bytes of `a` XORed with those of `b`. Throws `RangeError` unless they are equally long. */
function xor(a: Uint8Array, b: Uint8Array): Buffer {
  if (a.length !== b.length)
    throw new RangeError(`length of byte slices is not equivalent: ${a.length} != ${b.length}`);
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}

/** `token` hidden by `password`: base64 without padding. Throws `RangeError` where their lengths differ. */
export function hideToken(token: string, password: string): string {
  return xor(Buffer.from(token), Buffer.from(password)).toString("base64").replace(/=+$/, "");
}

/** The token that `hideToken` hid. Throws `RangeError` where the lengths differ. */
export function revealToken(hidden: string, password: string): string {
  return xor(Buffer.from(hidden, "base64"), Buffer.from(password)).toString("utf8");
}
