// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";
import type { Attribute } from "pkcs11js";
import { numberIn, readAttribute, type SessionPlace } from "./attributes.ts";
import { attempt } from "./errors.ts";
import { type HmacKey, type KeyName, type Permission, spell, type TokenKey } from "./keys.ts";
import type { Handle, Pkcs11Module } from "./library.ts";

/** A key object on the token, with what is public of it. */
export interface FoundKey {
  readonly handle: Handle;
  readonly objectClass: number;
  readonly keyType: number;
  readonly label: string;
  readonly id: string;
}

/** Which key is sought: one to encrypt with, or one for an HMAC. */
export type Purpose = "encryption" | "hmac";

const MOST_KEYS = 1_000;

/** Type and id of a key, for a list of what is there. */
export function describeKey({ keyType, id }: FoundKey, ck: Pkcs11Module): string {
  const type = keyType === ck.CKK_AES ? "AES" : keyType === ck.CKK_RSA ? "RSA" : `type 0x${keyType.toString(16)}`;
  return `${type}, id ${id === "" ? "none" : id}`;
}

/** Finds keys in one session, which is busy meanwhile. */
export class KeyFinder {
  readonly #place: SessionPlace;

  constructor(place: SessionPlace) {
    this.#place = place;
  }

  /** All keys that the session sees. */
  all(): FoundKey[] {
    return this.#search([]);
  }

  /**
   * The one key of that name. Where label and id are given and no key has both, the one with the id: some tokens give
   * keys labels of their own. Throws `SEAL_KEY_MISSING` for none and `SEAL_CONFIG` for several.
   */
  find(name: KeyName, purpose: Purpose): { readonly key: TokenKey; readonly by: "name" | "id" } {
    const exact = this.#usable(name, purpose);
    const both = name.label !== undefined && name.id !== undefined;
    const matches = exact.length === 0 && both ? this.#usable({ label: undefined, id: name.id }, purpose) : exact;
    if (matches.length > 1) throw this.#ambiguous(name, matches);
    if (matches[0] === undefined) throw this.#missing(name, purpose);
    return { key: this.#keyOf(matches[0]), by: exact.length === 0 ? "id" : "name" };
  }

  #usable(name: KeyName, purpose: Purpose): FoundKey[] {
    const { ck } = this.#place.library;
    const hmacTypes = [ck.CKK_GENERIC_SECRET, ck.CKK_SHA256_HMAC, ck.CKK_SHA384_HMAC, ck.CKK_SHA512_HMAC];
    return this.#search(this.#template(name)).filter(({ objectClass, keyType }) => {
      if (purpose === "hmac") return objectClass === ck.CKO_SECRET_KEY && hmacTypes.includes(keyType);
      const isAes = objectClass === ck.CKO_SECRET_KEY && keyType === ck.CKK_AES;
      return isAes || (objectClass === ck.CKO_PRIVATE_KEY && keyType === ck.CKK_RSA);
    });
  }

  #template(name: KeyName): Attribute[] {
    const { ck } = this.#place.library;
    return [
      ...(name.label === undefined ? [] : [{ type: ck.CKA_LABEL, value: name.label }]),
      ...(name.id === undefined ? [] : [{ type: ck.CKA_ID, value: Buffer.from(name.id, "hex") }]),
    ];
  }

  #keyOf(found: FoundKey): TokenKey {
    const { ck } = this.#place.library;
    const { handle } = found;
    if (found.keyType === ck.CKK_RSA) {
      const forbidden = this.#forbidden(handle, ["CKA_DECRYPT"]);
      return { kind: "rsa", private: handle, public: this.#publicOf(found), forbidden };
    }
    if (found.keyType === ck.CKK_AES) {
      return { kind: "aes", secret: handle, forbidden: this.#forbidden(handle, ["CKA_ENCRYPT", "CKA_DECRYPT"]) };
    }
    return { kind: "hmac", secret: handle, forbidden: this.#forbidden(handle, ["CKA_SIGN"]) } satisfies HmacKey;
  }

  #forbidden(handle: Handle, needed: readonly Permission[]): Permission[] {
    const { ck } = this.#place.library;
    return needed.filter((name) => readAttribute(this.#place, handle, ck[name])?.[0] === 0);
  }

  /** By the id: some tools label the halves of a pair differently. By the label where there is no id. */
  #publicOf({ id, label }: FoundKey): Handle | undefined {
    const { ck } = this.#place.library;
    const name = id === "" ? { label, id: undefined } : { label: undefined, id };
    const isPublic = (key: FoundKey): boolean => key.objectClass === ck.CKO_PUBLIC_KEY && key.id === id;
    return this.#search(this.#template(name)).find(isPublic)?.handle;
  }

  #search(template: readonly Attribute[]): FoundKey[] {
    const { handle: session, where } = this.#place;
    const { calls } = this.#place.library;
    const handles = attempt(`searching for keys on ${where}`, () => {
      calls.C_FindObjectsInit(session, [...template]);
      try {
        return calls.C_FindObjects(session, MOST_KEYS);
      } finally {
        calls.C_FindObjectsFinal(session);
      }
    });
    return handles.flatMap((handle) => this.#describe(handle) ?? []);
  }

  /** Undefined for what is no key: certificates and data have no key type. */
  #describe(handle: Handle): FoundKey | undefined {
    const { ck } = this.#place.library;
    const read = (type: number): Buffer | undefined => readAttribute(this.#place, handle, type);
    const objectClass = numberIn(read(ck.CKA_CLASS));
    const keyType = numberIn(read(ck.CKA_KEY_TYPE));
    if (objectClass === undefined || keyType === undefined) return undefined;
    const label = read(ck.CKA_LABEL)?.toString("utf8") ?? "";
    return { handle, objectClass, keyType, label, id: read(ck.CKA_ID)?.toString("hex") ?? "" };
  }

  #list(keys: readonly FoundKey[]): string {
    const { ck } = this.#place.library;
    const shown = keys.slice(0, 10).map((key) => `"${key.label}" (${describeKey(key, ck)})`);
    return shown.join(", ") + (keys.length > 10 ? ` and ${keys.length - 10} more` : "");
  }

  #missing(name: KeyName, purpose: Purpose): SealError {
    const { ck } = this.#place.library;
    const present = this.all().filter((key) => key.objectClass !== ck.CKO_PUBLIC_KEY);
    const holds = present.length === 0 ? "it holds no key" : `it holds ${this.#list(present)}`;
    const sort = purpose === "hmac" ? "HMAC key" : "AES or RSA private key";
    return new SealError("SEAL_KEY_MISSING", `seal "pkcs11": ${this.#place.where} has no ${sort} ${spell(name)}`, {
      cause: new Error(holds),
      advice: "check the key's label and id, and that this is the token; `seal doctor` and the log list the keys on it",
    });
  }

  #ambiguous(name: KeyName, matches: readonly FoundKey[]): SealError {
    return new SealError("SEAL_CONFIG", `seal "pkcs11": ${this.#place.where} has several keys ${spell(name)}`, {
      cause: new Error(`it holds ${this.#list(matches)}`),
      advice: "give key_label and key_id, so that they name one; `seal doctor` and the log list them",
    });
  }
}
