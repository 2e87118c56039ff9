// SPDX-License-Identifier: Apache-2.0
import type { KeyManagementServiceClient } from "@google-cloud/kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crc32c } from "../../src/cloud-kms/crc32c.ts";
import { type CloudKms, startCloudKms } from "../../src/cloud-kms.ts";
import { clientFor, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, refusal, UNIMPLEMENTED } from "./client.ts";

let kms: CloudKms;
let client: KeyManagementServiceClient;
let name: string;
const plaintext = Buffer.from("a data key of thirty-two bytes..");
const aad = Buffer.from("context");

beforeAll(async () => {
  kms = await startCloudKms();
  client = clientFor(kms);
  name = kms.key;
});
afterAll(async () => {
  await client.close();
  await kms.stop();
});

async function encrypted(additionalAuthenticatedData = Buffer.alloc(0)): Promise<Buffer> {
  const [{ ciphertext }] = await client.encrypt({ name, plaintext, additionalAuthenticatedData });
  return Buffer.from(ciphertext as Uint8Array);
}

/** Makes a key beside the usual one. */
async function keyWith(cryptoKeyId: string, cryptoKey: object): Promise<string> {
  const parent = name.replace(/\/cryptoKeys\/.*$/, "");
  const [made] = await client.createCryptoKey({ parent, cryptoKeyId, cryptoKey });
  return made.name ?? "";
}

test("crc32c gives the check values of RFC 3720, appendix B.4", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
  const values = [new Uint8Array(32), new Uint8Array(32).fill(0xff), ascending, ascending.toReversed()].map(crc32c);
  expect(values).toEqual([0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c]);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

describe("Decrypt refuses", () => {
  test("with INVALID_ARGUMENT a ciphertext that was altered anywhere, cut short, or is empty", async () => {
    const ciphertext = await encrypted();
    const altered = [0, 1, 40, ciphertext.length - 60, ciphertext.length - 1].map((position) =>
      ciphertext.map((byte, index) => (index === position ? byte ^ 1 : byte)),
    );
    for (const each of [...altered, ciphertext.subarray(0, -1), ciphertext.subarray(0, 20), Buffer.alloc(0)]) {
      expect((await refusal(client.decrypt({ name, ciphertext: each }))).code).toBe(INVALID_ARGUMENT);
    }
  });

  test("with INVALID_ARGUMENT other, missing or unexpected additional data", async () => {
    const [bound, free] = [await encrypted(aad), await encrypted()];
    for (const request of [
      { ciphertext: bound },
      { ciphertext: bound, additionalAuthenticatedData: Buffer.from("other") },
      { ciphertext: free, additionalAuthenticatedData: aad },
    ]) {
      const { code, details } = await refusal(client.decrypt({ name, ...request }));
      expect({ code, details }).toEqual({
        code: INVALID_ARGUMENT,
        details: "Decryption failed: the ciphertext is invalid.",
      });
    }
  });

  test("with INVALID_ARGUMENT a ciphertext of another key, and the name of a version", async () => {
    const other = await keyWith("other", { purpose: "ENCRYPT_DECRYPT" });
    const ciphertext = await encrypted();
    expect(await refusal(client.decrypt({ name: other, ciphertext }))).toMatchObject({
      code: INVALID_ARGUMENT,
      details: "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
    });
    const version = `${name}/cryptoKeyVersions/1`;
    expect((await refusal(client.decrypt({ name: version, ciphertext }))).code).toBe(INVALID_ARGUMENT);
  });

  test("with NOT_FOUND a key that is not there", async () => {
    const missing = `${name}-missing`;
    expect(await refusal(client.decrypt({ name: missing, ciphertext: await encrypted() }))).toMatchObject({
      code: NOT_FOUND,
      details: `CryptoKey ${missing} not found.`,
    });
  });
});

describe("a checksum that does not fit is refused with INVALID_ARGUMENT, naming the field", () => {
  const wrong = { value: 1 };
  test.each([
    ["plaintext", () => client.encrypt({ name, plaintext, plaintextCrc32c: wrong })],
    [
      "additional_authenticated_data",
      () => client.encrypt({ name, plaintext, additionalAuthenticatedDataCrc32c: wrong }),
    ],
    ["ciphertext", async () => client.decrypt({ name, ciphertext: await encrypted(), ciphertextCrc32c: wrong })],
    [
      "additional_authenticated_data",
      async () => client.decrypt({ name, ciphertext: await encrypted(), additionalAuthenticatedDataCrc32c: wrong }),
    ],
  ])("%s", async (field, call) => {
    const { code, details } = await refusal(call());
    expect({ code, details }).toEqual({
      code: INVALID_ARGUMENT,
      details: `The checksum in field ${field}_crc32c did not match the data in field ${field}.`,
    });
  });
});

describe("limits", () => {
  test("64 KiB of plaintext and of additional data are taken, one byte more is INVALID_ARGUMENT", async () => {
    const [most, more] = [Buffer.alloc(65_536), Buffer.alloc(65_537)];
    const [{ ciphertext }] = await client.encrypt({ name, plaintext: most, additionalAuthenticatedData: most });
    const [opened] = await client.decrypt({ name, ciphertext: ciphertext ?? "", additionalAuthenticatedData: most });
    expect(Buffer.from(opened.plaintext as Uint8Array).equals(most)).toBe(true);
    expect((await refusal(client.encrypt({ name, plaintext: more }))).code).toBe(INVALID_ARGUMENT);
    const call = client.encrypt({ name, plaintext, additionalAuthenticatedData: more });
    expect((await refusal(call)).code).toBe(INVALID_ARGUMENT);
  });

  test("a key in an HSM takes 8 KiB of both together", async () => {
    const hsm = await keyWith("hsm", { purpose: "ENCRYPT_DECRYPT", versionTemplate: { protectionLevel: "HSM" } });
    const half = Buffer.alloc(4_096);
    const [{ protectionLevel }] = await client.encrypt({
      name: hsm,
      plaintext: half,
      additionalAuthenticatedData: half,
    });
    expect(protectionLevel).toBe("HSM");
    const more = client.encrypt({ name: hsm, plaintext: half, additionalAuthenticatedData: Buffer.alloc(4_097) });
    expect((await refusal(more)).code).toBe(INVALID_ARGUMENT);
  });
});

describe("a key with another purpose", () => {
  test("neither encrypts nor decrypts: FAILED_PRECONDITION, naming the purpose", async () => {
    const algorithm = "EC_SIGN_P256_SHA256" as const;
    const signing = await keyWith("signing", { purpose: "ASYMMETRIC_SIGN", versionTemplate: { algorithm } });
    const ciphertext = await encrypted();
    for (const call of [
      () => client.encrypt({ name: signing, plaintext }),
      () => client.decrypt({ name: signing, ciphertext }),
    ]) {
      const { code, details } = await refusal(call());
      expect({ code, details }).toEqual({
        code: FAILED_PRECONDITION,
        details: expect.stringContaining("ASYMMETRIC_SIGN"),
      });
    }
  });

  test("does nothing else either: UNIMPLEMENTED", async () => {
    expect((await refusal(client.macSign({ name, data: plaintext }))).code).toBe(UNIMPLEMENTED);
  });
});

describe("what is encrypted", () => {
  test("names the version, and comes with checksums that fit and say what was verified", async () => {
    const [sealed] = await client.encrypt({
      name,
      plaintext,
      plaintextCrc32c: { value: crc32c(plaintext) },
      additionalAuthenticatedData: aad,
      additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
    });
    const ciphertext = sealed.ciphertext as Uint8Array;
    expect(sealed).toMatchObject({
      name: `${name}/cryptoKeyVersions/1`,
      ciphertextCrc32c: { value: String(crc32c(ciphertext)) },
      verifiedPlaintextCrc32c: true,
      verifiedAdditionalAuthenticatedDataCrc32c: true,
      protectionLevel: "SOFTWARE",
    });
    const [opened] = await client.decrypt({
      name,
      ciphertext,
      ciphertextCrc32c: { value: crc32c(ciphertext) },
      additionalAuthenticatedData: aad,
      additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
    });
    expect(opened).toMatchObject({ plaintextCrc32c: { value: String(crc32c(plaintext)) }, usedPrimary: true });
    expect(Buffer.from(opened.plaintext as Uint8Array)).toEqual(plaintext);
  });

  test("without checksums says that none was verified", async () => {
    const [sealed] = await client.encrypt({ name, plaintext });
    expect([sealed.verifiedPlaintextCrc32c, sealed.verifiedAdditionalAuthenticatedDataCrc32c]).toEqual([false, false]);
  });

  test("under a version by its name uses that one", async () => {
    const before = `${name}/cryptoKeyVersions/1`;
    const primary = kms.rotateKey();
    const [byVersion] = await client.encrypt({ name: before, plaintext });
    const [byKey] = await client.encrypt({ name, plaintext });
    expect([byVersion.name, byKey.name]).toEqual([before, primary]);
    const [old] = await client.decrypt({ name, ciphertext: byVersion.ciphertext ?? "" });
    expect([old.usedPrimary, Buffer.from(old.plaintext as Uint8Array)]).toEqual([false, plaintext]);
  });
});
