// SPDX-License-Identifier: Apache-2.0
/** A directory that OpenBao 2.6.2 wrote with its awskms seal on LocalStack, and blobs of ours read without our code. */
import { createDecipheriv } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore, type SealedStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob, type SealedBlob } from "@sealwright/seal";
import { openFileStorage } from "@sealwright/storage/file";
import { rejectsWithCode } from "@sealwright/testing";
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";
import { openSeal, stanzaFor } from "./support/open-seal.ts";

const fixture = fileURLToPath(new URL("../../../test/fixtures/awskms-localstack", import.meta.url));
const MATERIAL = Buffer.from("00112233445566778899aabbccddeeff".repeat(2), "hex");
const KEY = { id: "5ea15ea1-0000-4000-8000-000000000001", alias: "alias/bao-seal", material: MATERIAL };

function json<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(join(fixture, name), "utf8")) as Shape;
}

/** The sealed entries of the directory, and what they hold. */
const SEALED = Object.entries(json<Record<string, { plaintext_hex: string }>>("expected.json")).map(
  ([file, { plaintext_hex }]) => {
    const { Value } = json<{ readonly Value: string }>(join("data", file));
    return [file, decodeBlob(Buffer.from(Value, "base64")), plaintext_hex] as const;
  },
);

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
  let folder: string;
  let store: SealedStore;

  beforeAll(async () => {
    localStack = await startLocalStack({ key: KEY });
    folder = mkdtempSync(join(tmpdir(), "sealwright-awskms-fixture-"));
    cpSync(join(fixture, "data"), folder, { recursive: true });
    const storage = await openFileStorage({ path: folder });
    store = await openStore({ storage, shares: shamir, seal: { plugin, settings: stanzaFor(localStack) } });
  });
  afterAll(async () => {
    await store?.close();
    await localStack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(SEALED)("%s is unwrapped to what OpenBao wrapped", async (_file, blob, plaintext) => {
    const seal = await openSeal(stanzaFor(localStack));
    expect(Buffer.from(await seal.unwrap(blob)).toString("hex")).toBe(plaintext);
    await seal.close();
  });

  test("it unseals, every entry decrypts, the value in it is there, and no file changes", async () => {
    const files = () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile() && !each.parentPath.includes(".sealwright"))
        .map((each) => [join(each.parentPath, each.name), readFileSync(join(each.parentPath, each.name), "utf8")]);
    const before = files();
    await store.unseal();
    expect(await store.status()).toMatchObject({ foreign: true, sealed: false, type: "awskms" });
    const outside = /core\/(_seal-config|_recovery-config|_recovery-key|_keyring|hsm\/_barrier-unseal-keys)$/;
    const paths = before.map(([file = ""]) => file.slice(folder.length + 1)).filter((path) => !outside.test(path));
    const values = await Promise.all(paths.map((path) => store.get(path.replace(/_([^/]+)$/, "$1"))));
    expect(values.length).toBeGreaterThan(20);
    expect(values).not.toContain(undefined);
    expect(values.some((value) => value?.includes("seal-fixture-ok"))).toBe(true);
    expect(files()).toEqual(before);
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
