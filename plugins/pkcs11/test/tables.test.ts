// SPDX-License-Identifier: Apache-2.0
import { resolveConfig, type Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import pkcs11js from "pkcs11js";
import { describe, expect, it } from "vitest";
import { splitAnswer } from "../src/aes-gcm.ts";
import { fields } from "../src/config.ts";
import { attempt, CryptokiError, explain, OPENING } from "../src/errors.ts";
import { formatKeyName, parseKeyName } from "../src/keys.ts";
import { checkPinState } from "../src/token.ts";

/** What pkcs11js throws for a return value. */
function returned(name: string, code: number): Error {
  return Object.assign(new Error(name), { code });
}

describe("the name of a key in a blob", () => {
  it.each([
    ["vec-aes:b1", { label: "vec-aes", id: "b1" }],
    ["vec-aes:", { label: "vec-aes", id: undefined }],
    [":b1", { label: undefined, id: "b1" }],
    ["a:b:c:0B", { label: "a:b:c", id: "0B" }],
    ["label", { label: "label", id: undefined }],
    ["k:0xb1", { label: "k", id: "b1" }],
    ["", { label: undefined, id: undefined }],
  ])("%j is read", (text, name) => {
    expect(parseKeyName(text)).toEqual(name);
  });

  it("is written as label, colon and id", () => {
    expect(formatKeyName({ label: "l", id: undefined })).toBe("l:");
    expect(formatKeyName({ label: undefined, id: "b1" })).toBe(":b1");
  });

  it("with an id that is no hex is SEAL_BAD_CIPHERTEXT", async () => {
    for (const text of ["k:xyz", "k:abc", "k: b1"])
      await rejectsWithCode(() => parseKeyName(text), "SEAL_BAD_CIPHERTEXT");
  });
});

describe("what a token answers to AES-GCM", () => {
  const nonce = new Uint8Array(12).fill(1);

  it("as long as text and tag goes with the nonce that was given", () => {
    expect(splitAnswer(new Uint8Array(21), 5, nonce)).toEqual({ iv: nonce, ciphertext: new Uint8Array(21) });
  });

  it("twelve bytes longer ends in the nonce that the token made", () => {
    const made = new Uint8Array(12).fill(9);
    const split = splitAnswer(Buffer.concat([new Uint8Array(21), made]), 5, nonce);
    expect(split).toEqual({ iv: Buffer.from(made), ciphertext: Buffer.alloc(21) });
  });

  it("of any other length is SEAL_CONFIG", async () => {
    for (const length of [0, 20, 22, 32, 34]) {
      await rejectsWithCode(() => splitAnswer(new Uint8Array(length), 5, nonce), "SEAL_CONFIG");
    }
  });
});

describe("a return value", () => {
  it.each([
    ["CKR_PIN_INCORRECT", "SEAL_DENIED", { final: true, reconnect: false }],
    ["CKR_PIN_LOCKED", "SEAL_DENIED", { final: true, reconnect: false }],
    ["CKR_SESSION_HANDLE_INVALID", "SEAL_UNAVAILABLE", { final: false, reconnect: true }],
    ["CKR_SESSION_COUNT", "SEAL_THROTTLED", { final: false, reconnect: false }],
    ["CKR_KEY_FUNCTION_NOT_PERMITTED", "SEAL_DENIED", { final: false, reconnect: false }],
    ["CKR_MECHANISM_INVALID", "SEAL_CONFIG", { final: false, reconnect: false }],
    ["CKR_VENDOR_DEFINED", "SEAL_UNAVAILABLE", { final: false, reconnect: true }],
  ])("%s is %s", (name, code, rest) => {
    const error = explain(returned(name, 0xa0), 'wrapping on the token "t"');
    expect(error).toBeInstanceOf(CryptokiError);
    expect(error).toMatchObject({ code, ...rest });
    expect(error.message).toContain(`wrapping on the token "t" failed`);
    expect(error.message).toContain(`${name}, 0xa0`);
  });

  it("that speaks of the data means a bad ciphertext only while decrypting", () => {
    const value = returned("CKR_DATA_LEN_RANGE", 0x21);
    expect(explain(value, "encrypting").code).toBe("SEAL_CONFIG");
    expect(explain(value, "decrypting", OPENING).code).toBe("SEAL_BAD_CIPHERTEXT");
  });

  it("is told from an error inside the binding, which is SEAL_UNAVAILABLE and keeps its text for the log", async () => {
    const error = await rejectsWithCode(
      () =>
        attempt("listing", () => {
          throw new TypeError("s3cret");
        }),
      "SEAL_UNAVAILABLE",
    );
    expect(error).not.toBeInstanceOf(CryptokiError);
    expect(error.message).not.toContain("s3cret");
  });
});

describe("a token's PIN that", () => {
  const token = { slot: Buffer.alloc(8), slotNumber: 0, label: "t", serial: "1" };

  it("is one try from being locked is SEAL_DENIED without a login, and may be right again later", async () => {
    const flags = pkcs11js.CKF_USER_PIN_FINAL_TRY | pkcs11js.CKF_USER_PIN_COUNT_LOW;
    const error = await rejectsWithCode(() => checkPinState({ ...token, flags }, pkcs11js), "SEAL_DENIED");
    expect(error.message).toContain("none is tried");
    expect(error).toMatchObject({ final: false });
  });

  it("is locked is SEAL_DENIED without a login", async () => {
    const flags = pkcs11js.CKF_USER_PIN_LOCKED;
    const error = await rejectsWithCode(() => checkPinState({ ...token, flags }, pkcs11js), "SEAL_DENIED");
    expect(error.message).toContain("security officer");
  });

  it("was mistyped once is no reason not to log in", () => {
    expect(() => checkPinState({ ...token, flags: pkcs11js.CKF_USER_PIN_COUNT_LOW }, pkcs11js)).not.toThrow();
  });
});

describe("the configuration", () => {
  const stanza = { lib: "/lib.so", token_label: "t", pin: "1", key_label: "k" };
  const resolve = (given: Stanza, env: NodeJS.ProcessEnv = {}) => resolveConfig("pkcs11", fields, given, env).config;

  it.each(["CKM_AES_GCM", "AES_GCM", "ckm_aes_gcm", "0x1087", "4231"])("takes %s for AES-GCM", (mechanism) => {
    expect(resolve({ ...stanza, mechanism }).mechanism).toBe("CKM_AES_GCM");
  });

  it.each(["CKM_RSA_PKCS_OAEP", "RSA_PKCS_OAEP", "0x9", "9", "0x00000009"])("takes %s for RSA-OAEP", (mechanism) => {
    expect(resolve({ ...stanza, mechanism }).mechanism).toBe("CKM_RSA_PKCS_OAEP");
  });

  it.each(["CKM_RSA_PKCS", "0x1", "CKM_CKM_AES_GCM", "-9", "9.0"])("refuses the mechanism %s", async (mechanism) => {
    await rejectsWithCode(() => resolve({ ...stanza, mechanism }), "SEAL_CONFIG");
  });

  it("has OpenBao's variables, then Vault's, before the stanza", () => {
    expect(resolve(stanza, { VAULT_HSM_PIN: "2" }).pin).toBe("2");
    expect(resolve(stanza, { BAO_HSM_PIN: "3", VAULT_HSM_PIN: "2" }).pin).toBe("3");
  });

  it("takes a slot in either base, and a key id with 0x or without", () => {
    expect(resolve({ ...stanza, slot: "0x10" }).slot).toBe(16);
    expect(resolve({ ...stanza, slot: 16n }).slot).toBe(16);
    expect(resolve({ ...stanza, key_id: "0x2ac2" }).key_id).toBe("2ac2");
  });

  it("takes what Vault's users have and this seal keeps anyway", () => {
    expect(() =>
      resolve({ ...stanza, max_parallel: "1", generate_key: "false", force_rw_session: "true" }),
    ).not.toThrow();
  });

  it("takes the hash in any case and defaults to SHA-256", () => {
    expect(resolve({ ...stanza, rsa_oaep_hash: "SHA1" }).rsa_oaep_hash).toBe("sha1");
    expect(resolve(stanza).rsa_oaep_hash).toBe("sha256");
  });
});
