// SPDX-License-Identifier: Apache-2.0
/** Tokens: what they look like, and how they stand in storage, which is as an HMAC only. */
import { createHmac, createSecretKey, type KeyObject, randomBytes, randomInt } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS = 24;

/** What is known of a service token. */
export interface TokenEntry {
  /** A second name that allows looking up and revoking, not using. */
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly displayName: string;
  /** Where it was made, such as `auth/token/root`. */
  readonly path: string;
  /** Seconds since the epoch. */
  readonly creationTime: number;
}

function randomText(): string {
  return Array.from({ length: RANDOM_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/** A service token: `s.` and 24 letters and digits (143 bits), as OpenBao makes them. */
export function newServiceToken(): string {
  return `s.${randomText()}`;
}

/** A token's accessor: 24 letters and digits. */
export function newAccessor(): string {
  return randomText();
}

/** The key under which token identifiers are hashed, as it stands in storage: 32 random bytes. */
export function newHashKey(): Buffer {
  return randomBytes(32);
}

/** {@link newHashKey}'s bytes, ready for use. */
export function hashKey(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}

/** The name in storage of `secret`, a token or an accessor: HMAC-SHA-256, hex. */
export function hashOf(key: KeyObject, secret: string): string {
  return createHmac("sha256", key).update(secret).digest("hex");
}
