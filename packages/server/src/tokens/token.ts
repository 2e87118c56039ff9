// SPDX-License-Identifier: Apache-2.0
/** Tokens: what they look like, what is known of them, and how they stand in storage, which is as an HMAC only. */
import { createHmac, createSecretKey, type KeyObject, randomBytes, randomInt } from "node:crypto";
import * as z from "zod";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS = 24;

/** `service` tokens stand in storage, `batch` tokens carry what they are. */
export type TokenType = "service" | "batch";

/** What is known of a token. Times are milliseconds since the epoch, lengths of time are milliseconds. */
export const tokenEntrySchema = z.object({
  type: z.enum(["service", "batch"]),
  /** A second name that allows looking up and revoking, not using; empty for batch tokens. */
  accessor: z.string(),
  /** Sorted, in lower case. */
  policies: z.array(z.string()).readonly(),
  displayName: z.string(),
  /** Where it was made, such as `auth/token/create`. */
  path: z.string(),
  meta: z.record(z.string(), z.string()).nullable(),
  /** The identifier of the token that made it, and that it dies with; absent for orphans. */
  parent: z.string().optional(),
  created: z.number(),
  /** How long it was made for; 0 for ever. */
  ttl: z.number(),
  /** Absent means never. */
  expires: z.number().optional(),
  renewed: z.number().optional(),
  renewable: z.boolean(),
  /** 0 where renewals are bound by the server's limit alone. */
  explicitMaxTtl: z.number(),
  /** 0 where it is not periodic. */
  period: z.number(),
  /** How many uses are left; 0 is no limit. */
  numUses: z.number(),
});

/** What is known of a token. */
export type TokenEntry = Readonly<z.output<typeof tokenEntrySchema>>;

/** A token that exists. */
export interface KnownToken {
  /** {@link hashOf} the token: its name in storage. */
  readonly id: string;
  readonly entry: TokenEntry;
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
