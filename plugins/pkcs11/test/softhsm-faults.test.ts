// SPDX-License-Identifier: Apache-2.0
/** What goes wrong on tokens, each with the code and the words that tell an operator what to do. */
import { execFileSync } from "node:child_process";
import type { SealError, Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openApart, stanzaFor, withSeal } from "./support/seals.ts";

const TEXT = Buffer.from("the root key");
const AES = { label: "k", id: "01" };

const missing = partMissing("SoftHSM");
let hsm: SoftHsm;
beforeEach(async () => {
  hsm = await softHsm();
});
afterEach(() => hsm.stop());

/** What the first wrap with this stanza says to everybody, and what only the log and the doctor say. */
async function refusal(over: Stanza, code: string): Promise<{ message: string; advice: string; found: string }> {
  const stanza = { ...stanzaFor(hsm), key_label: AES.label, ...over };
  const error = await withSeal(hsm, stanza, (seal) => rejectsWithCode(seal.wrap(TEXT), code));
  const { message, advice, cause } = error as SealError;
  return { message, advice, found: cause instanceof Error ? cause.message : "" };
}

describe.skipIf(missing)("a token that", () => {
  it("is not there is SEAL_UNAVAILABLE, and those that are stand in the cause only", async () => {
    const { message, found } = await refusal({ token_label: "other" }, "SEAL_UNAVAILABLE");
    expect(message).toContain('the token "other" is not there');
    expect(message).not.toMatch(/slot|serial/);
    expect(found).toMatch(/"seal" \(slot \d+, serial \w+\)/);
  });

  it("has the label of another is SEAL_CONFIG, and both stand in the cause only", async () => {
    const pins = ["--so-pin", "5678", "--pin", hsm.pin];
    execFileSync("softhsm2-util", ["--init-token", "--free", "--label", hsm.tokenLabel, ...pins], {
      env: { ...process.env, ...hsm.env },
    });
    const { message, advice, found } = await refusal({}, "SEAL_CONFIG");
    expect(message).toContain('several tokens could be the token "seal"');
    expect(message).not.toMatch(/slot|serial/);
    expect(advice).toContain("token_serial");
    expect(found.match(/"seal" \(slot/g)).toHaveLength(2);
  });

  it("is not in its slot is SEAL_UNAVAILABLE, naming the slot, and the slot wins over the label", async () => {
    expect((await refusal({ slot: "0x1869f" }, "SEAL_UNAVAILABLE")).message).toContain("in slot 99999");
  });

  it("was pulled out is SEAL_UNAVAILABLE, and works again when it is back", async () => {
    await hsm.addAesKey(AES);
    await withSeal(hsm, { ...stanzaFor(hsm), key_label: AES.label }, async (seal) => {
      const blob = await seal.wrap(TEXT);
      const plugIn = await hsm.unplug();
      await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE");
      await plugIn();
      expect(Buffer.from(await seal.unwrap(blob))).toEqual(TEXT);
    });
  });
});

describe.skipIf(missing)("a key that", () => {
  it("is not there is SEAL_KEY_MISSING, and those that are stand in the cause only", async () => {
    await hsm.addAesKey({ label: "another", id: "07" });
    const { message, found } = await refusal({ key_id: "0x0c" }, "SEAL_KEY_MISSING");
    expect(message).toContain('labelled "k" with id 0c');
    expect(message).not.toContain("another");
    expect(found).toContain('"another" (AES, id 07)');
  });

  it("is not there on an empty token is SEAL_KEY_MISSING, saying so", async () => {
    expect((await refusal({}, "SEAL_KEY_MISSING")).found).toContain("it holds no key");
  });

  it("shares its name with another is SEAL_CONFIG, both stand in the cause, and the id tells them apart", async () => {
    await hsm.addAesKey({ label: "k", id: "01" });
    await hsm.addAesKey({ label: "k", id: "02" });
    const { advice, found } = await refusal({}, "SEAL_CONFIG");
    expect(found).toContain('"k" (AES, id 01)');
    expect(found).toContain('"k" (AES, id 02)');
    expect(advice).toContain("key_label and key_id");
    await withSeal(hsm, { ...stanzaFor(hsm), key_label: "k", key_id: "02" }, async (seal) => {
      expect((await seal.wrap(TEXT)).keyInfo).toEqual({ keyId: "k:02" });
    });
  });

  it("is of another type than the mechanism wants is SEAL_CONFIG, naming both", async () => {
    await hsm.addAesKey(AES);
    const { message } = await refusal({ mechanism: "0x9" }, "SEAL_CONFIG");
    expect(message).toContain("mechanism is CKM_RSA_PKCS_OAEP");
    expect(message).toContain("CKM_AES_GCM");
  });

  it("was deleted and made again under its label is found again, and doesn't open what the old one wrapped", async () => {
    await hsm.addAesKey(AES);
    await withSeal(hsm, { ...stanzaFor(hsm), key_label: AES.label }, async (seal) => {
      const blob = await seal.wrap(TEXT);
      await hsm.deleteSecretKey(AES);
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_KEY_MISSING");
      await hsm.addAesKey(AES);
      await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
      expect(Buffer.from(await seal.unwrap(await seal.wrap(TEXT)))).toEqual(TEXT);
    });
  });
});

describe.skipIf(missing)("an RSA key", () => {
  const RSA = { label: "r", id: "05" };
  beforeEach(() => hsm.addRsaKey(RSA));

  it("with a hash that the token lacks is SEAL_CONFIG at unwrap, naming the setting", async () => {
    await withSeal(hsm, { ...stanzaFor(hsm), key_label: RSA.label }, async (seal) => {
      const blob = await seal.wrap(TEXT);
      const { message, advice } = await rejectsWithCode(seal.unwrap(blob), "SEAL_CONFIG");
      expect(message).toContain("sha256");
      expect(advice).toContain("rsa_oaep_hash");
    });
  });

  it("encrypts on the token where software encryption is disabled", async () => {
    const stanza = { ...stanzaFor(hsm), key_label: RSA.label, disable_software_encryption: "true" };
    await withSeal(hsm, { ...stanza, rsa_oaep_hash: "sha1" }, async (seal) => {
      expect(Buffer.from(await seal.unwrap(await seal.wrap(TEXT)))).toEqual(TEXT);
    });
    // The token refuses SHA-256 at once, where software would have encrypted.
    await withSeal(hsm, stanza, (seal) => rejectsWithCode(seal.wrap(TEXT), "SEAL_CONFIG"));
  });

  it("holds 214 bytes with SHA-1 directly, and one more in an envelope", async () => {
    await withSeal(hsm, { ...stanzaFor(hsm), key_id: RSA.id, rsa_oaep_hash: "sha1" }, async (seal) => {
      const [direct, enveloped] = [await seal.wrap(Buffer.alloc(214, 1)), await seal.wrap(Buffer.alloc(215, 1))];
      expect(direct.keyInfo).toEqual({ keyId: ":05" });
      expect(enveloped.keyInfo).toMatchObject({ keyId: ":05", mechanism: 1 });
      const { wrappedKey = new Uint8Array() } = enveloped.keyInfo ?? {};
      wrappedKey[9]! ^= 1;
      await rejectsWithCode(seal.unwrap(enveloped), "SEAL_BAD_CIPHERTEXT");
    });
  });

  it("of 512 bits holds too little even for an envelope: SEAL_CONFIG", async () => {
    await hsm.addRsaKey({ label: "short", id: "06" }, 512);
    const { advice } = await refusal({ key_label: "short", rsa_oaep_hash: "sha512" }, "SEAL_CONFIG");
    expect(advice).toContain("use a longer key");
  });
});

describe.skipIf(missing)("a PIN that is refused", () => {
  it("is SEAL_DENIED and final, and never tried again, not even when it has become right", async () => {
    await hsm.addAesKey(AES);
    const logged: string[] = [];
    const stanza = { ...stanzaFor(hsm), key_label: AES.label, pin: "wrong-pin" };
    const seal = await openApart(hsm, stanza, (_, message) => logged.push(message));
    try {
      const error = await rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED");
      expect(error).toMatchObject({ final: true });
      expect(error.message).toContain("CKR_PIN_INCORRECT");
      await hsm.changePin(hsm.pin, "wrong-pin");
      for (const call of [seal.wrap(TEXT), seal.unwrap({ ciphertext: TEXT })])
        await rejectsWithCode(call, "SEAL_DENIED");
      for (const text of [error.message, ...logged]) expect(text).not.toContain("wrong-pin");
    } finally {
      await seal.close();
    }
    // A restart with the same configuration tries once more.
    await withSeal(hsm, stanza, async (again) => expect((await again.wrap(TEXT)).iv).toHaveLength(12));
  });

  it("after the session was lost is SEAL_DENIED too: the PIN was changed while in use", async () => {
    await hsm.addAesKey(AES);
    await withSeal(hsm, { ...stanzaFor(hsm), key_label: AES.label }, async (seal) => {
      const blob = await seal.wrap(TEXT);
      await hsm.changePin(hsm.pin, "another");
      const plugIn = await hsm.unplug();
      await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
      await plugIn();
      await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
      await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
    });
  });
});
