// SPDX-License-Identifier: Apache-2.0
/** A named key as a value: which versions it has and which of them may be used. The key material stands elsewhere. */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { HttpError } from "../../http/problem.ts";

/** The one kind of key: AES-256-GCM with 96-bit nonces. */
export const KEY_TYPE = "aes256-gcm96";

/** A named key as it stands in storage. */
export const namedKeySchema = z.object({
  /** Names the entries of its material. A key that is deleted and made again has another one. */
  id: z.string(),
  /** When each version was made, in seconds since 1970: version 1 first. */
  created: z.array(z.number()).min(1),
  /** The lowest version that decrypts; at least 1. */
  minDecryption: z.number(),
  /** The lowest version that encrypts; 0 for any that decrypts. */
  minEncryption: z.number(),
  deletionAllowed: z.boolean(),
});

/** A key with its versions. */
export type NamedKey = Readonly<z.output<typeof namedKeySchema>>;

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** A key with its first version. */
export function newNamedKey(now: Date): NamedKey {
  return {
    id: randomBytes(16).toString("hex"),
    created: [seconds(now)],
    minDecryption: 1,
    minEncryption: 0,
    deletionAllowed: false,
  };
}

/** `key` with one more version. */
export function withNextVersion(key: NamedKey, now: Date): NamedKey {
  return { ...key, created: [...key.created, seconds(now)] };
}

/** The version that encrypts unless another one is asked for. */
export function latestVersion(key: NamedKey): number {
  return key.created.length;
}

/** The version to encrypt with when `asked` is wanted, 0 for the latest. Throws 400, in Vault's words. */
export function versionToEncrypt(key: NamedKey, asked: number): number {
  const refuse = (why: string): never => {
    throw new HttpError(400, `requested version for encryption is ${why}`);
  };
  if (asked === 0) return latestVersion(key);
  if (asked < 0) return refuse("negative");
  if (asked > latestVersion(key)) return refuse("higher than the latest key version");
  if (asked < Math.max(key.minEncryption, key.minDecryption)) {
    return refuse("less than the minimum encryption key version");
  }
  return asked;
}

/** Throws 400, in Vault's words, unless a text of `version` may be decrypted. */
export function checkDecryption(key: NamedKey, version: number): void {
  if (version > latestVersion(key)) throw new HttpError(400, "invalid ciphertext: version is too new");
  if (version < key.minDecryption) {
    throw new HttpError(400, "ciphertext or signature version is disallowed by policy (too old)");
  }
}

/** What Vault's clients are told of a key. Versions below the lowest that decrypts are left out. */
export function namedKeyView(name: string, key: NamedKey): object {
  const versions = key.created.map((created, index) => [index + 1, created] as const);
  return {
    name,
    type: KEY_TYPE,
    derived: false,
    deletion_allowed: key.deletionAllowed,
    min_available_version: 0,
    min_decryption_version: key.minDecryption,
    min_encryption_version: key.minEncryption,
    latest_version: latestVersion(key),
    exportable: false,
    allow_plaintext_backup: false,
    auto_rotate_period: 0,
    imported_key: false,
    supports_encryption: true,
    supports_decryption: true,
    supports_derivation: false,
    supports_signing: false,
    keys: Object.fromEntries(versions.filter(([version]) => version >= key.minDecryption)),
  };
}
