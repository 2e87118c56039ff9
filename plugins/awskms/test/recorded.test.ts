// SPDX-License-Identifier: Apache-2.0
/** A directory that OpenBao 2.6.2 wrote with its awskms seal on LocalStack, and blobs of ours read without our code. */
import { createDecipheriv } from "node:crypto";
import type { SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RecordedDirectory } from "../../../test/support/recorded-directory.ts";
import { plugin } from "../src/index.ts";
import { openSeal, stanzaFor } from "./support/open-seal.ts";

const directory = new RecordedDirectory("awskms-localstack");
const SEALED = directory.sealed;
const MATERIAL = Buffer.from("00112233445566778899aabbccddeeff".repeat(2), "hex");
const KEY = { id: "5ea15ea1-0000-4000-8000-000000000001", alias: "alias/bao-seal", material: MATERIAL };

/**
 * A data key out of LocalStack's ciphertext: 36 bytes of key id, 16 of IV, 16 of tag, then AES-256-GCM of padded bytes.
 */
function dataKeyIn(wrapped: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", MATERIAL, wrapped.subarray(36, 52), { authTagLength: 16 });
  decipher.setAuthTag(wrapped.subarray(52, 68));
  const padded = Buffer.concat([decipher.update(wrapped.subarray(68)), decipher.final()]);
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0));
}

function plaintextIn({ ciphertext, iv, keyInfo }: SealedBlob): Buffer {
  const dataKey = dataKeyIn(keyInfo?.wrappedKey ?? new Uint8Array());
  const decipher = createDecipheriv("aes-256-gcm", dataKey, iv ?? new Uint8Array(), { authTagLength: 16 });
  decipher.setAuthTag(ciphertext.subarray(-16));
  return Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]);
}

describe.skipIf(partMissing("LocalStack"))("a directory of OpenBao under an awskms seal", () => {
  let localStack: LocalStack;

  beforeAll(async () => {
    localStack = await startLocalStack({ key: KEY });
  });
  afterAll(() => localStack?.stop());

  test.each(SEALED)("%s is unwrapped to what OpenBao wrapped", async (_file, blob, plaintext) => {
    const seal = await openSeal(stanzaFor(localStack));
    expect(Buffer.from(await seal.unwrap(blob)).toString("hex")).toBe(plaintext);
    await seal.close();
  });

  test("it unseals, every entry decrypts, the value in it is there, and no file changes", async () => {
    await directory.expectToOpen(plugin, stanzaFor(localStack));
  });

  test("a blob of ours is of the same form, and opens without our code", async () => {
    const seal = await openSeal(stanzaFor(localStack));
    const rootKey = Buffer.alloc(32, 9);
    const [, theirs] = SEALED[0]!;
    const ours = await seal.wrap(rootKey);
    const formOf = ({ ciphertext, iv, keyInfo }: SealedBlob, plaintext: number) => ({
      beyond: ciphertext.length - plaintext,
      iv: iv?.length,
      keyInfo: { ...keyInfo, wrappedKey: keyInfo?.wrappedKey?.length },
    });
    expect(formOf(ours, 32)).toEqual(formOf(theirs, plaintextIn(theirs).length));
    expect(plaintextIn(ours)).toEqual(rootKey);
    await seal.close();
  });

  test("the nonce may stand in front of the ciphertext, as newer versions have it", async () => {
    const seal = await openSeal(stanzaFor(localStack));
    const [, { iv = new Uint8Array(), ciphertext, keyInfo }, plaintext] = SEALED[0]!;
    const inFront = { ciphertext: Buffer.concat([iv, ciphertext]), ...(keyInfo === undefined ? {} : { keyInfo }) };
    expect(Buffer.from(await seal.unwrap(inFront)).toString("hex")).toBe(plaintext);
    await seal.close();
  });

  describe("a blob without an envelope, as old versions wrote it", () => {
    const direct = async (): Promise<SealedBlob> => {
      const { CiphertextBlob } = await localStack.ask("Encrypt", { KeyId: KEY.id, Plaintext: "b2xkIHJvb3Qga2V5" });
      return { ciphertext: Buffer.from(String(CiphertextBlob), "base64") };
    };

    test("opens, named or not", async () => {
      const seal = await openSeal(stanzaFor(localStack));
      const blob = await direct();
      for (const keyInfo of [undefined, { keyId: "" }, { keyId: localStack.key.arn }]) {
        const opened = await seal.unwrap({ ...blob, ...(keyInfo === undefined ? {} : { keyInfo }) });
        expect(String(Buffer.from(opened))).toBe("old root key");
      }
      await seal.close();
    });

    test("is SEAL_BAD_CIPHERTEXT when it is altered, too long, or wanted with additional data", async () => {
      const seal = await openSeal(stanzaFor(localStack));
      const { ciphertext } = await direct();
      const altered = Buffer.from(ciphertext);
      altered[altered.length - 1]! ^= 1;
      for (const bytes of [altered, ciphertext.subarray(0, -1), Buffer.alloc(6_145, 1)]) {
        await rejectsWithCode(seal.unwrap({ ciphertext: bytes }), "SEAL_BAD_CIPHERTEXT");
      }
      const aad = Buffer.from("path");
      await rejectsWithCode(seal.unwrap({ ciphertext }, { aad }), "SEAL_BAD_CIPHERTEXT");
      await seal.close();
    });
  });
});
