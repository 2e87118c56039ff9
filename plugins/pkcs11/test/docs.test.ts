// SPDX-License-Identifier: Apache-2.0
import type { SealError, Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import pkcs11js from "pkcs11js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkErrorTable, checkSettingsTable } from "../../../test/support/seal-docs.ts";
import { plugin } from "../src/index.ts";
import { openHere, stanzaFor } from "./support/seals.ts";

const missing = partMissing("SoftHSM");
let hsm: SoftHsm;

/** pkcs11-tool cannot make a key that may not encrypt. */
function addKeyThatOnlyWraps(): void {
  const calls = new pkcs11js.PKCS11(hsm.lib);
  calls.C_Initialize();
  try {
    const slot = calls.C_GetSlotList(true)[0]!;
    const session = calls.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
    calls.C_Login(session, pkcs11js.CKU_USER, hsm.pin);
    calls.C_GenerateKey(session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_LABEL, value: "wraps-only" },
      { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
      { type: pkcs11js.CKA_ENCRYPT, value: false },
      { type: pkcs11js.CKA_DECRYPT, value: false },
    ]);
  } finally {
    calls.C_Finalize();
  }
}

beforeAll(async () => {
  if (missing) return;
  hsm = await softHsm();
  Object.assign(process.env, hsm.env);
  await hsm.addAesKey({ label: "aes", id: "01" });
  await hsm.addAesKey({ label: "two", id: "02" });
  await hsm.addAesKey({ label: "two", id: "03" });
  await hsm.addRsaKey({ label: "rsa", id: "04" });
  await hsm.addRsaKey({ label: "short", id: "05" }, 512);
  addKeyThatOnlyWraps();
});
afterAll(() => hsm?.stop());

describe("docs/seals/pkcs11.md", () => {
  it("shows the settings that the plugin declares", () => checkSettingsTable("pkcs11", plugin.config));

  it.skipIf(missing)("shows the errors that the plugin gives", async () => {
    const aes: Stanza = { ...stanzaFor(hsm), key_label: "aes" };
    const rsa: Stanza = { ...stanzaFor(hsm), key_label: "rsa" };
    const { token_label: _, ...tokenless } = aes;
    const text = new Uint8Array(32);
    const errors: Pick<SealError, "code" | "message">[] = [];
    const provoke = async (
      stanza: Stanza,
      code: string,
      work: (seal: Awaited<ReturnType<typeof openHere>>) => unknown,
    ) => {
      const seal = await openHere(stanza);
      try {
        errors.push((await rejectsWithCode(async () => work(seal), code)) as SealError);
      } finally {
        await seal.close();
      }
    };
    for (const mistake of [
      { ...aes, lib: "/no/such/lib.so" },
      { ...aes, lib: "/etc/passwd" },
      tokenless,
      stanzaFor(hsm),
      { ...aes, mechanism: "CKM_AES_CBC_PAD" },
    ]) {
      errors.push((await rejectsWithCode(openHere(mistake), "SEAL_CONFIG")) as SealError);
    }
    await provoke({ ...aes, token_label: "other" }, "SEAL_UNAVAILABLE", (seal) => seal.wrap(text));
    await provoke({ ...aes, pin: "wrong" }, "SEAL_DENIED", (seal) => seal.wrap(text));
    await provoke({ ...aes, key_label: "none" }, "SEAL_KEY_MISSING", (seal) => seal.wrap(text));
    await provoke({ ...aes, key_label: "two" }, "SEAL_CONFIG", (seal) => seal.wrap(text));
    await provoke({ ...aes, mechanism: "CKM_RSA_PKCS_OAEP" }, "SEAL_CONFIG", (seal) => seal.wrap(text));
    await provoke({ ...rsa, key_label: "short" }, "SEAL_CONFIG", (seal) => seal.wrap(text));
    await provoke(rsa, "SEAL_CONFIG", async (seal) => seal.unwrap(await seal.wrap(text)));
    await provoke(rsa, "SEAL_CONFIG", (seal) => seal.wrap(text, { aad: text }));
    await provoke({ ...aes, key_label: "wraps-only" }, "SEAL_DENIED", (seal) => seal.wrap(text));
    await provoke(aes, "SEAL_CONFIG", (seal) =>
      seal.unwrap({ ciphertext: text, keyInfo: { keyId: "", mechanism: 7 } }),
    );
    await provoke(aes, "SEAL_BAD_CIPHERTEXT", (seal) => seal.unwrap({ ciphertext: text, keyInfo: { keyId: "aes:" } }));
    const plugIn = await hsm.unplug();
    await provoke(aes, "SEAL_UNAVAILABLE", (seal) => seal.wrap(text));
    await plugIn();
    checkErrorTable("pkcs11", errors);
    expect(errors.every(({ message }) => message.startsWith('seal "pkcs11"'))).toBe(true);
  });
});
