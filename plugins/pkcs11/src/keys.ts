// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";
import type { Attribute } from "pkcs11js";
import { numberIn, readAttribute, type SessionPlace } from "./attributes.ts";
import { attempt } from "./errors.ts";
import type { Handle } from "./library.ts";

/** What a key is called: by `CKA_LABEL`, by `CKA_ID` (hexadecimal), or by both. */
export interface KeyName {
  readonly label: string | undefined;
  readonly id: string | undefined;
}

/** A key on the token, by what it can do. */
export type TokenKey =
  | { readonly kind: "aes"; readonly secret: Handle }
  | { readonly kind: "rsa"; readonly private: Handle; readonly public: Handle | undefined };

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

interface Found {
  readonly handle: Handle;
  readonly objectClass: number;
  readonly keyType: number;
  readonly label: string;
  readonly id: string;
}

const MOST_KEYS = 1_000;

/** Finds keys in one session, which is busy meanwhile. */
export class KeyFinder {
  readonly #place: SessionPlace;

  constructor(place: SessionPlace) {
    this.#place = place;
  }

  /** The one key of that name. Throws `SEAL_KEY_MISSING` for none and `SEAL_CONFIG` for several. */
  find(name: KeyName): TokenKey {
    const { ck } = this.#place.library;
    const found = this.#search([
      ...(name.label === undefined ? [] : [{ type: ck.CKA_LABEL, value: name.label }]),
      ...(name.id === undefined ? [] : [{ type: ck.CKA_ID, value: Buffer.from(name.id, "hex") }]),
    ]);
    const secrets = found.filter((key) => key.objectClass === ck.CKO_SECRET_KEY && key.keyType === ck.CKK_AES);
    const privates = found.filter((key) => key.objectClass === ck.CKO_PRIVATE_KEY && key.keyType === ck.CKK_RSA);
    const usable = [...secrets, ...privates];
    if (usable.length > 1) throw this.#ambiguous(name, usable);
    if (secrets[0] !== undefined) return { kind: "aes", secret: secrets[0].handle };
    if (privates[0] !== undefined) {
      return { kind: "rsa", private: privates[0].handle, public: this.#publicOf(privates[0], found) };
    }
    throw this.#missing(name);
  }

  /** Of the same name, or else of the same id: some tools label the halves of a pair differently. */
  #publicOf(privateKey: Found, sameName: readonly Found[]): Handle | undefined {
    const { ck } = this.#place.library;
    const isPublic = (key: Found): boolean => key.objectClass === ck.CKO_PUBLIC_KEY && key.id === privateKey.id;
    const named = sameName.find(isPublic);
    if (named !== undefined || privateKey.id === "") return named?.handle;
    return this.#search([{ type: ck.CKA_ID, value: Buffer.from(privateKey.id, "hex") }]).find(isPublic)?.handle;
  }

  #search(template: readonly Attribute[]): Found[] {
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
  #describe(handle: Handle): Found | undefined {
    const { ck } = this.#place.library;
    const read = (type: number): Buffer | undefined => readAttribute(this.#place, handle, type);
    const objectClass = numberIn(read(ck.CKA_CLASS));
    const keyType = numberIn(read(ck.CKA_KEY_TYPE));
    if (objectClass === undefined || keyType === undefined) return undefined;
    const label = read(ck.CKA_LABEL)?.toString("utf8") ?? "";
    return { handle, objectClass, keyType, label, id: read(ck.CKA_ID)?.toString("hex") ?? "" };
  }

  #list(keys: readonly Found[]): string {
    const { ck } = this.#place.library;
    const shown = keys.slice(0, 10).map(({ label, id, keyType }) => {
      const type = keyType === ck.CKK_AES ? "AES" : keyType === ck.CKK_RSA ? "RSA" : `type 0x${keyType.toString(16)}`;
      return `${type} "${label}" id ${id === "" ? "none" : id}`;
    });
    return shown.join(", ") + (keys.length > 10 ? ` and ${keys.length - 10} more` : "");
  }

  #missing(name: KeyName): SealError {
    const { ck } = this.#place.library;
    const present = this.#search([]).filter((key) => key.objectClass !== ck.CKO_PUBLIC_KEY);
    const holds = present.length === 0 ? "it holds no key" : `it holds ${this.#list(present)}`;
    return new SealError(
      "SEAL_KEY_MISSING",
      `seal "pkcs11": ${this.#place.where} has no AES or RSA private key ${spell(name)}; ${holds}`,
    );
  }

  #ambiguous(name: KeyName, matches: readonly Found[]): SealError {
    return new SealError(
      "SEAL_CONFIG",
      `seal "pkcs11": ${this.#place.where} has several keys ${spell(name)}: ${this.#list(matches)}. ` +
        "Give key_label and key_id, so that they name one",
    );
  }
}

/** How messages name a key. */
export function spell({ label, id }: KeyName): string {
  const byLabel = label === undefined ? [] : [`labelled ${JSON.stringify(label.slice(0, 80))}`];
  const byId = id === undefined ? [] : [`with id ${id.slice(0, 80)}`];
  return [...byLabel, ...byId].join(" ");
}
