// SPDX-License-Identifier: Apache-2.0
import { resolveConfig, type Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import pkcs11js from "pkcs11js";
import { describe, expect, it } from "vitest";
import { readingsOf } from "../src/aes-gcm.ts";
import { fields } from "../src/config.ts";
import { attempt, CryptokiError, explain, nextRecovery, OPENING } from "../src/errors.ts";
import { formatKeyName, parseKeyName } from "../src/keys.ts";
import { checkPinState } from "../src/token.ts";
import { VENDORS, vendorOf } from "../src/vendors.ts";

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
    expect(readingsOf(new Uint8Array(21), 5, nonce)).toEqual([{ iv: nonce, ciphertext: new Uint8Array(21) }]);
  });

  it.each([12, 16])("%i bytes longer has the nonce that the token made at one end or the other", (bytes) => {
    const answer = Buffer.concat([new Uint8Array(bytes).fill(8), new Uint8Array(5), new Uint8Array(bytes).fill(9)]);
    const [behind, inFront] = readingsOf(answer, answer.length - 16 - bytes, nonce);
    expect(behind).toEqual({ iv: answer.subarray(-bytes), ciphertext: answer.subarray(0, -bytes) });
    expect(inFront).toEqual({ iv: answer.subarray(0, bytes), ciphertext: answer.subarray(bytes) });
  });

  it("of any other length is SEAL_CONFIG", async () => {
    for (const length of [0, 20, 22, 32, 34, 38]) {
      await rejectsWithCode(() => readingsOf(new Uint8Array(length), 5, nonce), "SEAL_CONFIG");
    }
  });
});

describe("a return value", () => {
  it.each([
    ["CKR_PIN_INCORRECT", "SEAL_DENIED", { final: true, recovery: "nothing" }],
    ["CKR_PIN_LOCKED", "SEAL_DENIED", { final: true, recovery: "nothing" }],
    ["CKR_SESSION_HANDLE_INVALID", "SEAL_UNAVAILABLE", { final: false, recovery: "reopen-session" }],
    ["CKR_SESSION_COUNT", "SEAL_THROTTLED", { final: false, recovery: "nothing" }],
    ["CKR_KEY_FUNCTION_NOT_PERMITTED", "SEAL_DENIED", { final: false, recovery: "nothing" }],
    ["CKR_MECHANISM_INVALID", "SEAL_CONFIG", { final: false, recovery: "nothing" }],
    ["CKR_VENDOR_DEFINED", "SEAL_UNAVAILABLE", { final: false, recovery: "reopen-session" }],
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

describe("what is done about a failure", () => {
  const failure = (name: string) => explain(returned(name, 1), "working");

  it("is what the table says, and never less than was tried before", () => {
    expect(nextRecovery(failure("CKR_DEVICE_ERROR"), undefined)).toBe("retry");
    expect(nextRecovery(failure("CKR_DEVICE_ERROR"), "retry")).toBe("find-key");
    expect(nextRecovery(failure("CKR_DEVICE_ERROR"), "reopen-session")).toBe("restart-library");
    expect(nextRecovery(failure("CKR_SESSION_CLOSED"), "retry")).toBe("reopen-session");
    expect(nextRecovery(failure("CKR_USER_NOT_LOGGED_IN"), undefined)).toBe("log-in");
  });

  it("ends: after the library was restarted only what is broken inside the process asks for another one", () => {
    expect(nextRecovery(failure("CKR_DEVICE_ERROR"), "restart-library")).toBeUndefined();
    expect(nextRecovery(failure("CKR_MUTEX_BAD"), undefined)).toBe("replace-process");
    expect(nextRecovery(failure("CKR_MUTEX_BAD"), "replace-process")).toBeUndefined();
  });

  it.each(["CKR_PIN_INCORRECT", "CKR_MECHANISM_INVALID", "CKR_KEY_FUNCTION_NOT_PERMITTED", "CKR_SESSION_COUNT"])(
    "is nothing for %s, which a person must put right or time",
    (name) => expect(nextRecovery(failure(name), undefined)).toBeUndefined(),
  );

  it("is nothing for an error that is not the library's", () => {
    expect(nextRecovery(new Error("CKR_DEVICE_ERROR"), undefined)).toBeUndefined();
  });
});

describe("the makes of HSM", () => {
  it.each([
    ["SoftHSM", "Implementation of PKCS11", "SoftHSM"],
    ["Kryoptic", "", "kryoptic"],
    ["Cavium Networks", "Cavium PKCS#11 Interface", "AWS CloudHSM"],
    ["SafeNet", "Chrystoki", "Thales Luna or ProtectServer"],
    ["nCipher Corp. Ltd", "", "Entrust nShield"],
    ["Utimaco IS GmbH", "", "Utimaco"],
    ["Yubico (www.yubico.com)", "YubiHSM PKCS#11 Library", "YubiHSM 2"],
    ["Yubico (www.yubico.com)", "PKCS#11 PIV Library (SP-800-73)", "an unknown make"],
    ["Somebody", "", "an unknown make"],
  ])("%s with %j is recognised as %s", (manufacturerID, libraryDescription, name) => {
    expect(vendorOf({ manufacturerID, libraryDescription }).name).toBe(name);
  });

  it("say where their data is from, and only those that were run are marked as tested", () => {
    expect(VENDORS.filter(({ tested }) => tested).map(({ name }) => name)).toEqual(["SoftHSM", "kryoptic"]);
    expect(VENDORS.filter(({ sources }) => sources.length === 0)).toEqual([]);
  });
});

describe("a token's PIN that", () => {
  const where = 'the token "t"';

  it("is one try from being locked is SEAL_DENIED without a login, and may be right again later", async () => {
    const flags = pkcs11js.CKF_USER_PIN_FINAL_TRY | pkcs11js.CKF_USER_PIN_COUNT_LOW;
    const error = await rejectsWithCode(() => checkPinState(flags, where, pkcs11js), "SEAL_DENIED");
    expect(error.message).toContain("none is tried");
    expect(error).toMatchObject({ final: false });
  });

  it("is locked is SEAL_DENIED without a login", async () => {
    const flags = pkcs11js.CKF_USER_PIN_LOCKED;
    const error = await rejectsWithCode(() => checkPinState(flags, where, pkcs11js), "SEAL_DENIED");
    expect(error.advice).toContain("security officer");
  });

  it("was mistyped once is no reason not to log in", () => {
    expect(() => checkPinState(pkcs11js.CKF_USER_PIN_COUNT_LOW, where, pkcs11js)).not.toThrow();
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
