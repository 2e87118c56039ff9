// SPDX-License-Identifier: Apache-2.0
/** A directory that OpenBao 2.6.2 wrote with its gcpckms seal, and blobs of ours read without our code. */
import { createDecipheriv } from "node:crypto";
import { decodeBlob, encodeBlob, type SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RecordedDirectory } from "../../../test/support/recorded-directory.ts";
import { plugin } from "../src/index.ts";
import { openSeal, plainClient } from "./support/cloud.ts";

const directory = new RecordedDirectory("gcpckms-fakecloudkms");
const SEALED = directory.sealed;
const KEY = "projects/p/locations/global/keyRings/bao/cryptoKeys/bao-seal";
/** Of the emulator's Tink keyset, as the recorded ciphertexts carry it. */
const TINK_KEY_ID = Buffer.from("88ad7960", "hex");

let kms: CloudKms;
let stanza: Record<string, string>;

beforeAll(async () => {
  kms = await startCloudKms();
  const { aes256_key_hex } = directory.key as { readonly aes256_key_hex: string };
  kms.importKey(KEY, { key: Buffer.from(aes256_key_hex, "hex"), id: TINK_KEY_ID });
  stanza = { project: "p", region: "global", key_ring: "bao", crypto_key: "bao-seal", endpoint: kms.endpoint };
});
afterAll(() => kms.stop());

describe("a directory of OpenBao", () => {
  test.each(SEALED)("%s is unwrapped to what OpenBao wrapped", async (_file, blob, plaintext) => {
    const seal = await openSeal(stanza);
    expect(Buffer.from(await seal.unwrap(blob)).toString("hex")).toBe(plaintext);
    // A seal that only unwraps takes the key from the blob.
    const { crypto_key: _, ...keyless } = stanza;
    const unwrapper = await openSeal({ ...keyless, key_not_required: "true" });
    expect(Buffer.from(await unwrapper.unwrap(blob)).toString("hex")).toBe(plaintext);
    await rejectsWithCode(unwrapper.wrap(Buffer.alloc(32)), "SEAL_CONFIG");
    await Promise.all([seal.close(), unwrapper.close()]);
  });

  test("unseals, every entry decrypts, the value in it is there, and no file changes", async () => {
    await directory.expectToOpen(plugin, stanza);
  });
});

describe("a blob", () => {
  /** What go-kms-wrapping does with an envelope, in other code than ours: Cloud KMS for the data key, then AES-GCM. */
  async function openByHand({ ciphertext, iv, keyInfo }: SealedBlob): Promise<Buffer> {
    const client = plainClient(kms.endpoint);
    const [{ plaintext }] = await client.decrypt({ name: KEY, ciphertext: keyInfo?.wrappedKey ?? "" });
    await client.close();
    const decipher = createDecipheriv("aes-256-gcm", plaintext as Uint8Array, iv ?? new Uint8Array());
    decipher.setAuthTag(ciphertext.subarray(-16));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]);
  }

  const rootKey = Buffer.alloc(32, 9);

  test("of ours has the fields of OpenBao's, and opens as theirs do", async () => {
    const seal = await openSeal(stanza);
    const blob = decodeBlob(encodeBlob(await seal.wrap(rootKey)));
    const [, theirs] = SEALED[0] ?? [];
    expect(Object.keys(blob).toSorted()).toEqual(Object.keys(theirs ?? {}).toSorted());
    expect(blob.keyInfo).toMatchObject({ mechanism: 1, keyId: `${KEY}/cryptoKeyVersions/1` });
    expect(Object.keys(blob.keyInfo ?? {}).toSorted()).toEqual(Object.keys(theirs?.keyInfo ?? {}).toSorted());
    expect(await openByHand(blob)).toEqual(rootKey);
    await seal.close();
  });

  test("with the nonce in front of its ciphertext, as older servers wrote it, opens", async () => {
    const seal = await openSeal(stanza);
    const { iv, ciphertext, ...rest } = await seal.wrap(rootKey);
    const older = { ...rest, ciphertext: Buffer.concat([iv ?? new Uint8Array(), ciphertext]) };
    expect(Buffer.from(await seal.unwrap(older))).toEqual(rootKey);
    await seal.close();
  });

  test("from before envelopes, which Cloud KMS encrypted itself, opens, and with additional data does not", async () => {
    const client = plainClient(kms.endpoint);
    const [{ ciphertext }] = await client.encrypt({ name: KEY, plaintext: rootKey });
    await client.close();
    const seal = await openSeal(stanza);
    const direct = { ciphertext: ciphertext as Uint8Array };
    expect(Buffer.from(await seal.unwrap(direct))).toEqual(rootKey);
    await rejectsWithCode(seal.unwrap(direct, { aad: Buffer.from("x") }), "SEAL_BAD_CIPHERTEXT");
    await seal.close();
  });

  test("of a key whose material was replaced under the same name is SEAL_BAD_CIPHERTEXT", async () => {
    const [, blob] = SEALED[0] ?? [];
    const other = await startCloudKms();
    other.importKey(KEY, { key: Buffer.alloc(32, 1), id: TINK_KEY_ID });
    const seal = await openSeal({ ...stanza, endpoint: other.endpoint });
    await rejectsWithCode(seal.unwrap(blob ?? { ciphertext: new Uint8Array() }), "SEAL_BAD_CIPHERTEXT");
    await seal.close();
    await other.stop();
  });
});
