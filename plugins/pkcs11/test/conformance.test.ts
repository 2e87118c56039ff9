// SPDX-License-Identifier: Apache-2.0
import type { Stanza } from "@sealwright/seal";
import { type ConfigurationHarness, describeSealConformance, type SealTraits } from "@sealwright/testing";
import { softHsm } from "@sealwright/testing/softhsm";
import { afterAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { openApart, openHere, stanzaFor, withSeal } from "./support/seals.ts";

const PIN = "pin-of-the-suite";
const AES = { label: "seal-aes", id: "a1" };
const RSA = { label: "seal-rsa", id: "a2" };

// Two tokens with keys of the same names: what one wraps, the other must refuse.
const [hsm, foreign] = await Promise.all([softHsm({ pin: PIN }), softHsm({ pin: PIN })]);
for (const each of [hsm, foreign]) {
  await each.addAesKey(AES);
  await each.addRsaKey(RSA);
}
Object.assign(process.env, hsm.env);
afterAll(() => Promise.all([hsm.stop(), foreign.stop()]));

const aes = { ...stanzaFor(hsm), key_label: AES.label, key_id: AES.id };
const rsa = { ...stanzaFor(hsm), key_label: RSA.label, key_id: RSA.id, rsa_oaep_hash: "sha1" };

const common = { maxPlaintextBytes: 65_536, unknownKeyId: "no-such-key" } as const;
const aesTraits: SealTraits = { ...common, aad: "bound", parts: ["iv"] };
const rsaTraits: SealTraits = { ...common, aad: "refused", parts: [] };

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
    { wrong: "a mechanism of old", stanza: { ...aes, mechanism: "CKM_AES_CBC_PAD" }, says: "expected CKM_AES_GCM" },
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
    { wrong: "a key to generate", stanza: { ...aes, generate_key: "true" }, says: "generates no keys" },
    { wrong: "a type of key to generate", stanza: { ...aes, key_type: "CKK_AES" }, says: "generates no keys" },
    { wrong: "a label of an HMAC key", stanza: { ...aes, hmac_key_label: "mac" }, says: "CKM_AES_CBC_PAD" },
    { wrong: "an HMAC mechanism", stanza: { ...aes, hmac_mechanism: "0x0251" }, says: "CKM_AES_CBC_PAD" },
    { wrong: "a PIN file that is not there", stanza: { ...aes, pin: "file:///no/pin" }, says: "/no/pin" },
  ],
};

function suite(name: string, stanza: Stanza, traits: SealTraits, where: "here" | "apart"): void {
  describeSealConformance(
    name,
    {
      traits,
      open: () => (where === "here" ? openHere(stanza) : openApart(hsm, stanza)),
      foreignBlob: (plaintext) => withSeal(foreign, stanza, (seal) => seal.wrap(plaintext)),
      secrets: [PIN],
      ...(where === "here" ? { configuration } : {}),
    },
    { describe, it, expect },
  );
}

suite("pkcs11 with AES-GCM", aes, aesTraits, "here");
suite("pkcs11 with AES-GCM, in a process of its own", aes, aesTraits, "apart");
suite("pkcs11 with RSA-OAEP", rsa, rsaTraits, "here");
suite("pkcs11 with RSA-OAEP, in a process of its own", rsa, rsaTraits, "apart");
