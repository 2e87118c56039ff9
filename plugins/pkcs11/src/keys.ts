// SPDX-License-Identifier: Apache-2.0
/** What keys are called, in blobs and in messages, and what is known of one that was found. */
import { SealError } from "@sealwright/seal";
import type { Handle } from "./library.ts";

/** What a key is called: by `CKA_LABEL`, by `CKA_ID` (hexadecimal), or by both. */
export interface KeyName {
  readonly label: string | undefined;
  readonly id: string | undefined;
}

/** What a key must be allowed to do, by the name of the attribute that says so. */
export type Permission = "CKA_ENCRYPT" | "CKA_DECRYPT" | "CKA_SIGN";

interface AnyKey {
  /** The permissions that the token says it has not got. */
  readonly forbidden: readonly Permission[];
}

/** An AES key. */
export interface AesKey extends AnyKey {
  readonly kind: "aes";
  readonly secret: Handle;
}

/** An RSA key, its public half where the token has one. */
export interface RsaKey extends AnyKey {
  readonly kind: "rsa";
  readonly private: Handle;
  readonly public: Handle | undefined;
}

/** A generic secret, or one of a kind made for HMAC. */
export interface HmacKey extends AnyKey {
  readonly kind: "hmac";
  readonly secret: Handle;
}

/** A key on the token, by what it can do. */
export type TokenKey = AesKey | RsaKey | HmacKey;

/** `LABEL:ID`, as blobs name keys. */
export function formatKeyName({ label, id }: KeyName): string {
  return `${label ?? ""}:${id ?? ""}`;
}

/** Reads `LABEL:ID`; a label may have colons of its own, an id has none. Without any colon it is a label. */
export function parseKeyName(text: string): KeyName {
  const colon = text.lastIndexOf(":");
  const label = colon < 0 ? text : text.slice(0, colon);
  const id = colon < 0 ? "" : text.slice(colon + 1).replace(/^0x/i, "");
  if (!/^([0-9a-f]{2})*$/i.test(id)) {
    throw new SealError("SEAL_BAD_CIPHERTEXT", "this names its key by what is no PKCS#11 key id, or was altered");
  }
  return { label: label === "" ? undefined : label, id: id === "" ? undefined : id };
}

/** How messages name a key. */
export function spell({ label, id }: KeyName): string {
  const byLabel = label === undefined ? [] : [`labelled ${JSON.stringify(label.slice(0, 80))}`];
  const byId = id === undefined ? [] : [`with id ${id.slice(0, 80)}`];
  return [...byLabel, ...byId].join(" ");
}

/** Throws `SEAL_DENIED`, naming the attribute, where the token says that the key lacks it. */
export function checkPermission(key: TokenKey, name: KeyName, needed: Permission, where: string): void {
  if (!key.forbidden.includes(needed)) return;
  throw new SealError(
    "SEAL_DENIED",
    `seal "pkcs11": the key ${spell(name)} on ${where} may not be used for this: it lacks ${needed}`,
  );
}
