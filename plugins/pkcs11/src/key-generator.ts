// SPDX-License-Identifier: Apache-2.0
/** Makes the keys that `generate_key` asks for: on the token for good, sensitive and not extractable. */
import { randomBytes } from "node:crypto";
import type { Template } from "pkcs11js";
import type { Pkcs11Config } from "./config.ts";
import { attempt } from "./errors.ts";
import { type KeyName, spell } from "./keys.ts";
import type { Pkcs11Module } from "./library.ts";
import type { Session } from "./session.ts";

/** What can be made. */
export type NewKey = "AES" | "RSA" | "HMAC";

const SECRET_BYTES = 32;
const MODULUS_BITS = 3_072;
const PUBLIC_EXPONENT = Buffer.from([1, 0, 1]);

/** The type of key that the configuration wants to have made. */
export function newKeyFor({ key_type, mechanism }: Pkcs11Config): NewKey {
  return key_type ?? (mechanism === "CKM_RSA_PKCS_OAEP" ? "RSA" : "AES");
}

function named(ck: Pkcs11Module, { label, id }: KeyName): Template {
  return [
    { type: ck.CKA_LABEL, value: label ?? "" },
    // Both halves of a pair need the same, and a later search by id a certain one.
    { type: ck.CKA_ID, value: id === undefined ? randomBytes(8) : Buffer.from(id, "hex") },
    { type: ck.CKA_TOKEN, value: true },
  ];
}

function guarded(ck: Pkcs11Module): Template {
  return [
    { type: ck.CKA_PRIVATE, value: true },
    { type: ck.CKA_SENSITIVE, value: true },
    { type: ck.CKA_EXTRACTABLE, value: false },
  ];
}

/** Makes the key in a session that may write. Answers what it is, for the log. */
export function generateKey(session: Session, name: KeyName, type: NewKey): string {
  const { calls, ck } = session.library;
  const allow = (attribute: number) => ({ type: attribute, value: true });
  const common = named(ck, name);
  attempt(`making the ${type} key ${spell(name)} on ${session.where}`, () => {
    if (type === "RSA") {
      const publicHalf = [
        ...common,
        allow(ck.CKA_ENCRYPT),
        { type: ck.CKA_MODULUS_BITS, value: MODULUS_BITS },
        { type: ck.CKA_PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
      ];
      const privateHalf = [...common, ...guarded(ck), allow(ck.CKA_DECRYPT)];
      calls.C_GenerateKeyPair(session.handle, pairGeneration(ck), publicHalf, privateHalf);
      return;
    }
    const uses = type === "AES" ? [ck.CKA_ENCRYPT, ck.CKA_DECRYPT] : [ck.CKA_SIGN, ck.CKA_VERIFY];
    const mechanism = type === "AES" ? ck.CKM_AES_KEY_GEN : ck.CKM_GENERIC_SECRET_KEY_GEN;
    const length = { type: ck.CKA_VALUE_LEN, value: SECRET_BYTES };
    calls.C_GenerateKey(session.handle, { mechanism }, [...common, ...guarded(ck), ...uses.map(allow), length]);
  });
  const size = type === "RSA" ? `${MODULUS_BITS} bits` : `${SECRET_BYTES * 8} bits`;
  const uses = { AES: "encrypt, decrypt", RSA: "decrypt (its public half: encrypt)", HMAC: "sign, verify" }[type];
  return `made the ${type} key ${spell(name)} on ${session.where}: ${size}, on the token, private, sensitive, not extractable; ${uses}`;
}

function pairGeneration(ck: Pkcs11Module) {
  return { mechanism: ck.CKM_RSA_PKCS_KEY_PAIR_GEN };
}
