// SPDX-License-Identifier: Apache-2.0
import type { Stanza } from "@sealwright/seal";
import { type ConfigurationHarness, describeSealConformance, type SealTraits } from "@sealwright/testing";
import { afterAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { openApart, openHere, stanzaFor, withSeal } from "./support/seals.ts";
import { MAKES, SOFTHSM } from "./support/tokens.ts";

const PIN = "pin-of-the-suite";
const AES = { label: "seal-aes", id: "a1" };
const RSA = { label: "seal-rsa", id: "a2" };
const HMAC = { label: "seal-hmac", id: "a3" };

const common = { unknownKeyId: "no-such-key" } as const;
const aesTraits: SealTraits = { ...common, aad: "bound", parts: ["iv"] };
const cbcTraits: SealTraits = { ...common, aad: "refused", parts: ["iv"] };
const rsaTraits: SealTraits = { ...common, aad: "refused", parts: [] };

// Two tokens with keys of the same names: what one wraps, the other must refuse.
const pairs = await Promise.all(
  MAKES.map(async (make) => {
    const [hsm, foreign] = await Promise.all([make.token(PIN), make.token(PIN)]);
    for (const each of [hsm, foreign]) {
      await each.addAesKey(AES);
      await each.addRsaKey(RSA);
      await each.addHmacKey(HMAC);
    }
    Object.assign(process.env, hsm.env);
    return { make, hsm, foreign };
  }),
);
afterAll(() => Promise.all(pairs.flatMap(({ hsm, foreign }) => [hsm.stop(), foreign.stop()])));

const { hsm } = pairs[0]!;
const aes = { ...stanzaFor(hsm), key_label: AES.label, key_id: AES.id };

const configuration: ConfigurationHarness = {
  plugin,
  valid: aes,
  required: ["lib", "token_label", "pin"],
  mistakes: [
    { wrong: "no key", stanza: stanzaFor(hsm), says: "key_label or key_id is required" },
    { wrong: "a slot that is no number", stanza: { ...aes, slot: "abc" }, says: "slot" },
    { wrong: "a slot beyond 32 bits", stanza: { ...aes, slot: "4294967296" }, says: "slot" },
    { wrong: "a key id that is no hex", stanza: { ...aes, key_id: "0xzz" }, says: "hexadecimal" },
    { wrong: "a key id with half a byte", stanza: { ...aes, key_id: "abc" }, says: "pairs" },
    { wrong: "an unknown mechanism", stanza: { ...aes, mechanism: "NOPE" }, says: "expected CKM_AES_GCM" },
    { wrong: "a mechanism of old", stanza: { ...aes, mechanism: "CKM_RSA_PKCS" }, says: "expected CKM_AES_GCM" },
    { wrong: "CBC without an HMAC key", stanza: { ...aes, mechanism: "CKM_AES_CBC_PAD" }, says: "hmac_key_label" },
    {
      wrong: "an RSA key for an AES mechanism",
      stanza: { ...aes, mechanism: "CKM_AES_GCM", generate_key: "true", key_type: "RSA" },
      says: "key_type RSA",
    },
    { wrong: "an unknown hash", stanza: { ...aes, rsa_oaep_hash: "md5" }, says: "rsa_oaep_hash" },
    {
      wrong: "a boolean that is none",
      stanza: { ...aes, disable_software_encryption: "maybe" },
      says: "disable_software_encryption",
    },
    {
      wrong: "one setting under two names",
      stanza: { ...aes, module: hsm.lib },
      says: "lib and module are one setting",
    },
    { wrong: "a library that is not there", stanza: { ...aes, lib: "/no/such/lib.so" }, says: "/no/such/lib.so" },
    { wrong: "a library that is none", stanza: { ...aes, lib: "/etc/passwd" }, says: "/etc/passwd" },
    { wrong: "a library that the loader cannot find", stanza: { ...aes, lib: "libnowhere.so" }, says: "libnowhere.so" },
    { wrong: "a type of key that is none", stanza: { ...aes, key_type: "CKK_EC" }, says: "key_type" },
    { wrong: "an HMAC key id that is no hex", stanza: { ...aes, hmac_key_id: "0xzz" }, says: "hexadecimal" },
    { wrong: "an unknown HMAC", stanza: { ...aes, hmac_mechanism: "CKM_MD5_HMAC" }, says: "CKM_SHA256_HMAC" },
    { wrong: "no operation at a time", stanza: { ...aes, max_parallel: "0" }, says: "max_parallel" },
    { wrong: "a PIN file that is not there", stanza: { ...aes, pin: "file:///no/pin" }, says: "/no/pin" },
  ],
};

for (const { make, hsm: token, foreign } of pairs) {
  const runner = { describe: describe.skipIf(make.missing), it, expect };
  const suite = (name: string, over: Stanza, traits: SealTraits, where: "here" | "apart"): void => {
    const stanza = { ...stanzaFor(token), ...over };
    const open = () => (where === "here" ? openHere(stanza) : openApart(token, stanza));
    const foreignBlob = (plaintext: Uint8Array) => withSeal(foreign, stanza, (seal) => seal.wrap(plaintext));
    const own = where === "here" && make === SOFTHSM && traits === aesTraits ? { configuration } : {};
    describeSealConformance(
      `pkcs11 on ${make.name}, ${name}`,
      { traits, open, foreignBlob, secrets: [PIN], ...own },
      runner,
    );
  };
  const gcm = { key_label: AES.label, key_id: AES.id };
  const cbc = { ...gcm, mechanism: "CKM_AES_CBC_PAD", hmac_key_label: HMAC.label };
  const rsa = { key_label: RSA.label, key_id: RSA.id, rsa_oaep_hash: make === SOFTHSM ? "sha1" : "sha256" };
  suite("AES-GCM", gcm, aesTraits, "here");
  // Each test opens a seal, and a process takes its time to start: once through it is enough.
  if (make === SOFTHSM) suite("AES-GCM, in a process of its own", gcm, aesTraits, "apart");
  suite("AES-CBC with an HMAC", cbc, cbcTraits, "here");
  suite("RSA-OAEP", rsa, rsaTraits, "here");
}
