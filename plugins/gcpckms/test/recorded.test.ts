// SPDX-License-Identifier: Apache-2.0
/** A directory that OpenBao 2.6.2 wrote with its gcpckms seal, and blobs of ours read without our code. */
import { createDecipheriv } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob, encodeBlob, type SealedBlob } from "@sealwright/seal";
import { openFileStorage } from "@sealwright/storage/file";
import { rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";
import { openSeal, plainClient } from "./support/cloud.ts";

const fixture = fileURLToPath(new URL("../../../test/fixtures/gcpckms-fakecloudkms", import.meta.url));
const KEY = "projects/p/locations/global/keyRings/bao/cryptoKeys/bao-seal";
/** Of the emulator's Tink keyset, as the recorded ciphertexts carry it. */
const TINK_KEY_ID = Buffer.from("88ad7960", "hex");

interface Expected {
  readonly plaintext_hex: string;
}

function json<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(join(fixture, name), "utf8")) as Shape;
}

/** The sealed entries of the directory, and what they hold. */
const SEALED = Object.entries(json<Record<string, Expected>>("expected.json")).map(([file, { plaintext_hex }]) => {
  const { Value } = json<{ readonly Value: string }>(join("data", file));
  return [file, decodeBlob(Buffer.from(Value, "base64")), plaintext_hex] as const;
});

let kms: CloudKms;
let stanza: Record<string, string>;

beforeAll(async () => {
  kms = await startCloudKms();
  const { aes256_key_hex } = json<{ readonly aes256_key_hex: string }>("key.json");
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
    const folder = mkdtempSync(join(tmpdir(), "sealwright-gcpckms-fixture-"));
    cpSync(join(fixture, "data"), folder, { recursive: true });
    const files = () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile() && !each.parentPath.includes(".sealwright"))
        .map((each) => [join(each.parentPath, each.name), readFileSync(join(each.parentPath, each.name), "utf8")]);
    const before = files();
    const storage = await openFileStorage({ path: folder });
    const store = await openStore({ storage, shares: shamir, seal: { plugin, settings: stanza } });
    try {
      await store.unseal();
      expect(await store.status()).toMatchObject({ foreign: true, sealed: false, type: "gcpckms" });
      const plain = /core\/(_seal-config|_recovery-config|_recovery-key|_keyring|hsm\/_barrier-unseal-keys)$/;
      const paths = before.map(([file = ""]) => file.slice(folder.length + 1)).filter((path) => !plain.test(path));
      const values = await Promise.all(paths.map((path) => store.get(path.replace(/_([^/]+)$/, "$1"))));
      expect(values.length).toBeGreaterThan(20);
      expect(values).not.toContain(undefined);
      expect(values.some((value) => value?.includes("seal-fixture-ok"))).toBe(true);
      expect(files()).toEqual(before);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
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
