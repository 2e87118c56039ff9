// SPDX-License-Identifier: Apache-2.0
/** What OpenBao 2.6.2 wrapped on SoftHSM opens here: single blobs, and the root and recovery keys of two storages. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeBlob, decrypt, encodeBlob, nonceInFront, type Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { kryoptic } from "@sealwright/testing/kryoptic";
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BlobVector, blobVectors, bytes, hex } from "../../../test/support/vectors.ts";
import { stanzaFor, withSeal } from "./support/seals.ts";

function shared(path: string): string {
  return fileURLToPath(new URL(`../../../test/${path}`, import.meta.url));
}

describe.skipIf(partMissing("SoftHSM"))("blobs of OpenBao's PKCS#11 wrapper", () => {
  let hsm: SoftHsm;
  beforeAll(async () => {
    hsm = await softHsm({ tokenLabel: "vectok", pin: "1234", tokens: shared("vectors/softhsm/tokens") });
  });
  afterAll(() => hsm.stop());

  const ofPkcs11 = blobVectors.vectors.filter(({ wrapper }) => wrapper.startsWith("pkcs11"));
  const withSha1 = (vector: BlobVector): boolean => JSON.stringify(vector).includes("sha1");
  const ofAes = ofPkcs11.filter(({ iv_hex }) => iv_hex !== "");
  const ofRsaSha1 = ofPkcs11.filter((vector) => vector.iv_hex === "" && withSha1(vector));
  const ofRsaOther = ofPkcs11.filter((vector) => vector.iv_hex === "" && !withSha1(vector));
  const aes = (): Stanza => ({ ...stanzaFor(hsm), key_label: "vec-aes", key_id: "b1" });
  const rsa = (): Stanza => ({ ...stanzaFor(hsm), key_label: "vec-rsa", key_id: "b2", rsa_oaep_hash: "sha1" });

  it("are here in all kinds", () => {
    expect([ofAes.length, ofRsaSha1.length, ofRsaOther.length].every((count) => count > 0)).toBe(true);
  });

  it("of AES keys open by label, by id and by both, and are spelt as ours", async () => {
    await withSeal(hsm, aes(), async (seal) => {
      for (const vector of ofAes) {
        const blob = decodeBlob(bytes(vector.blobinfo_hex));
        expect(hex(await seal.unwrap(blob))).toBe(vector.plaintext_hex);
        expect(hex(encodeBlob(blob))).toBe(vector.blobinfo_hex);
      }
      const ours = await seal.wrap(Buffer.from("x"));
      const theirs = decodeBlob(bytes(ofAes[0]!.blobinfo_hex));
      expect(ours.keyInfo).toEqual(theirs.keyInfo);
      expect(encodeBlob(ours).length).toBe(encodeBlob(theirs).length);
    });
  });

  it("with the nonce in front of the ciphertext open too", async () => {
    await withSeal(hsm, aes(), async (seal) => {
      const { iv: _, ...blob } = decodeBlob(bytes(ofAes[0]!.blobinfo_hex));
      const ciphertext = nonceInFront(decodeBlob(bytes(ofAes[0]!.blobinfo_hex)));
      expect(hex(await seal.unwrap({ ...blob, ciphertext }))).toBe(ofAes[0]!.plaintext_hex);
    });
  });

  it("that name a key of another type than the configured one open with that key", async () => {
    await withSeal(hsm, rsa(), async (seal) => {
      expect(hex(await seal.unwrap(decodeBlob(bytes(ofAes[0]!.blobinfo_hex))))).toBe(ofAes[0]!.plaintext_hex);
    });
  });

  it("that name no key open with default_key_label, or else with the configured key", async () => {
    const { keyInfo: _, ...nameless } = decodeBlob(bytes(ofAes[0]!.blobinfo_hex));
    await withSeal(hsm, aes(), async (seal) => {
      expect(hex(await seal.unwrap(nameless))).toBe(ofAes[0]!.plaintext_hex);
    });
    await withSeal(hsm, { ...rsa(), default_key_label: "vec-aes" }, async (seal) => {
      expect(hex(await seal.unwrap(nameless))).toBe(ofAes[0]!.plaintext_hex);
    });
  });

  it("of RSA keys with SHA-1 open", async () => {
    await withSeal(hsm, rsa(), async (seal) => {
      for (const vector of ofRsaSha1) {
        expect(hex(await seal.unwrap(decodeBlob(bytes(vector.blobinfo_hex))))).toBe(vector.plaintext_hex);
      }
    });
  });

  it("by another mechanism are SEAL_CONFIG, naming it", async () => {
    await withSeal(hsm, aes(), async (seal) => {
      const blob = {
        ...decodeBlob(bytes(ofAes[0]!.blobinfo_hex)),
        keyInfo: { keyId: "vec-aes:b1", mechanism: 0x1082 },
      };
      expect((await rejectsWithCode(seal.unwrap(blob), "SEAL_CONFIG")).message).toContain("0x1082");
    });
  });

  it("under a key name that is none are SEAL_BAD_CIPHERTEXT", async () => {
    await withSeal(hsm, aes(), async (seal) => {
      const blob = { ...decodeBlob(bytes(ofAes[0]!.blobinfo_hex)), keyInfo: { keyId: "vec-aes:xyz" } };
      await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
    });
  });
});

interface Fixture {
  readonly current: { readonly threshold: number; readonly keys_hex: readonly string[] };
  readonly pkcs11: Readonly<Record<"token_label" | "pin" | "key_label" | "key_id" | "mechanism", string>> & {
    readonly rsa_oaep_hash?: string;
  };
}

describe.skipIf(partMissing("SoftHSM")).each(["pkcs11-aes-gcm", "pkcs11-rsa-oaep"])(
  "a storage that OpenBao sealed with %s",
  (name) => {
    const fixture = JSON.parse(readFileSync(shared(`fixtures/${name}/fixture.json`), "utf8")) as Fixture;
    const { token_label, pin, key_label, key_id, mechanism, rsa_oaep_hash } = fixture.pkcs11;
    let hsm: SoftHsm;
    beforeAll(async () => {
      hsm = await softHsm({ tokenLabel: token_label, pin, tokens: shared(`fixtures/${name}/softhsm/tokens`) });
    });
    afterAll(() => hsm.stop());

    const stanza = (): Stanza => ({
      ...stanzaFor(hsm),
      key_label,
      key_id,
      mechanism,
      ...(rsa_oaep_hash === undefined ? {} : { rsa_oaep_hash }),
    });

    function entry(path: string): Uint8Array {
      const { Value } = JSON.parse(readFileSync(shared(`fixtures/${name}/data/core/${path}`), "utf8")) as {
        Value: string;
      };
      return Buffer.from(Value, "base64");
    }

    it("gives back the root key, which opens the keyring", async () => {
      const stored = await withSeal(hsm, stanza(), (seal) =>
        seal.unwrap(decodeBlob(entry("hsm/_barrier-unseal-keys"))),
      );
      const [rootKey = ""] = JSON.parse(Buffer.from(stored).toString()) as string[];
      const keyring = decrypt(
        Buffer.from(rootKey, "base64"),
        entry("_keyring").subarray(5),
        Buffer.from("core/keyring"),
      );
      expect(JSON.parse(keyring.toString())).toMatchObject({ MasterKey: rootKey });
    });

    it("gives back the recovery key", async () => {
      const key = await withSeal(hsm, stanza(), (seal) => seal.unwrap(decodeBlob(entry("_recovery-key"))));
      expect(key).toHaveLength(32);
      if (fixture.current.threshold === 1) expect(fixture.current.keys_hex).toContain(hex(key));
    });

    it("writes blobs that name the key as OpenBao does", async () => {
      const ours = await withSeal(hsm, stanza(), (seal) => seal.wrap(Buffer.from("x")));
      expect(ours.keyInfo).toEqual(decodeBlob(entry("_recovery-key")).keyInfo);
    });
  },
);

describe.skipIf(partMissing("kryoptic"))("a storage that OpenBao sealed on kryoptic with RSA-OAEP and SHA-256", () => {
  const folder = "fixtures/pkcs11-kryoptic-rsaoaep-sha256";
  const expected = JSON.parse(readFileSync(shared(`${folder}/expected.json`), "utf8")) as Record<
    string,
    { readonly plaintext_hex: string }
  >;

  it.each(Object.keys(expected))("gives back %s", async (path) => {
    const hsm = await kryoptic({ database: shared(`${folder}/token.sql`) });
    try {
      const stanza = { ...stanzaFor(hsm), key_label: "bao-rsa", key_id: "02", mechanism: "CKM_RSA_PKCS_OAEP" };
      const { Value } = JSON.parse(readFileSync(shared(`${folder}/data/${path}`), "utf8")) as { Value: string };
      const blob = decodeBlob(Buffer.from(Value, "base64"));
      expect(hex(await withSeal(hsm, stanza, (seal) => seal.unwrap(blob)))).toBe(expected[path]!.plaintext_hex);
    } finally {
      await hsm.stop();
    }
  });
});
