// SPDX-License-Identifier: Apache-2.0
/** Texts that are longer than what goes to a token at once. */
import type { SealedBlob, Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import type { TestToken } from "@sealwright/testing/test-token";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stanzaFor, withSeal } from "./support/seals.ts";
import { MAKES } from "./support/tokens.ts";

const DIRECT = Buffer.alloc(4_096, 1);
const LONG = Buffer.alloc(4_097, 2);
const [AES, HMAC] = [
  { label: "aes", id: "01" },
  { label: "hmac", id: "02" },
];
const KEYS: [string, Stanza][] = [
  ["AES-GCM", { key_label: AES.label }],
  ["AES-CBC with an HMAC", { key_label: AES.label, mechanism: "CKM_AES_CBC_PAD", hmac_key_label: HMAC.label }],
];

/** `blob` with the bit at `offset` of its wrapped data key flipped. */
function altered(blob: SealedBlob, offset: number): SealedBlob {
  const wrappedKey = Uint8Array.from(blob.keyInfo?.wrappedKey ?? []);
  wrappedKey[offset]! ^= 1;
  return { ...blob, keyInfo: { keyId: "", ...blob.keyInfo, wrappedKey } };
}

describe.each(MAKES)("on $name", (make) => {
  describe.skipIf(make.missing).each(KEYS)("%s", (_name, over) => {
    let hsm: TestToken;
    beforeAll(async () => {
      hsm = await make.token();
      await hsm.addAesKey(AES);
      await hsm.addHmacKey(HMAC);
    });
    afterAll(() => hsm.stop());

    it("wraps 4,096 bytes as they are, and one more in an envelope that another seal over the key opens", async () => {
      const stanza = { ...stanzaFor(hsm), ...over };
      const [direct, enveloped] = await withSeal(hsm, stanza, (seal) =>
        Promise.all([seal.wrap(DIRECT), seal.wrap(LONG)]),
      );
      expect(direct.keyInfo?.wrappedKey).toBeUndefined();
      expect(enveloped.keyInfo?.wrappedKey?.length).toBeGreaterThan(48);
      await withSeal(hsm, stanza, async (seal) => {
        expect(DIRECT.equals(await seal.unwrap(direct))).toBe(true);
        expect(LONG.equals(await seal.unwrap(enveloped))).toBe(true);
      });
    });

    it("with anything of an envelope altered or cut is SEAL_BAD_CIPHERTEXT", async () => {
      await withSeal(hsm, { ...stanzaFor(hsm), ...over }, async (seal) => {
        const blob = await seal.wrap(LONG);
        const { wrappedKey = new Uint8Array() } = blob.keyInfo ?? {};
        const ciphertext = Uint8Array.from(blob.ciphertext);
        ciphertext[0]! ^= 1;
        const cut = [0, 1, 16, 48, wrappedKey.length - 1].map((bytes) => ({
          ...blob,
          keyInfo: { keyId: "", ...blob.keyInfo, wrappedKey: wrappedKey.subarray(0, bytes) },
        }));
        const flipped = [0, 20, wrappedKey.length - 1].map((offset) => altered(blob, offset));
        for (const bad of [...cut, ...flipped, { ...blob, ciphertext }]) {
          await rejectsWithCode(seal.unwrap(bad), "SEAL_BAD_CIPHERTEXT");
        }
      });
    });
  });

  it.skipIf(make.missing)("AES-GCM binds additional data to an envelope too", async () => {
    const hsm = await make.token();
    try {
      await hsm.addAesKey(AES);
      await withSeal(hsm, { ...stanzaFor(hsm), key_label: AES.label }, async (seal) => {
        const blob = await seal.wrap(LONG, { aad: Buffer.from("core/keyring") });
        expect(LONG.equals(await seal.unwrap(blob, { aad: Buffer.from("core/keyring") }))).toBe(true);
        await rejectsWithCode(seal.unwrap(blob, { aad: Buffer.from("core/root-key") }), "SEAL_BAD_CIPHERTEXT");
        await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
      });
    } finally {
      await hsm.stop();
    }
  });
});
