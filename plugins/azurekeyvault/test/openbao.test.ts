// SPDX-License-Identifier: Apache-2.0
/** The directory that OpenBao 2.6.2 wrote with a key of another Key Vault emulator opens with that key in ours. */
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob, encodeBlob, nonceInFront, type Seal, type SealedBlob } from "@sealwright/seal";
import { openFileStorage } from "@sealwright/storage/file";
import { rejectsWithCode } from "@sealwright/testing";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";
import { openSeal } from "./support/open-seal.ts";

const fixture = fileURLToPath(new URL("../../../test/fixtures/azurekeyvault-lowkey/", import.meta.url));
const KEY = "bao-seal";
const CANARY =
  "logical/46387d91-4b35-ffcc-fa69-75bd2991361d/03594271-eca8-a870-11c4-41a526ec7aea/versions/4da/" +
  "fdb96934d034249be02d690895372256f07b4f331b3b3700810f6a2c8b464";

let vault: KeyVaultServer;
let seal: Seal;
let expected: Record<string, { plaintext_hex: string }>;

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(fixture, path), "utf8"));

async function blobAt(path: string): Promise<SealedBlob> {
  const { Value: value } = (await readJson(`data/${path}`)) as { Value: string };
  return decodeBlob(Buffer.from(value, "base64"));
}

beforeAll(async () => {
  vault = await startKeyVault();
  const { kid_version, jwk } = (await readJson("key.json")) as { kid_version: string; jwk: Record<string, unknown> };
  vault.importKey(KEY, jwk, kid_version);
  expected = (await readJson("expected.json")) as typeof expected;
  seal = await openSeal({ ...vault.config, key_name: KEY });
});
afterAll(async () => {
  await seal.close();
  await vault.stop();
});

describe.each(["core/hsm/_barrier-unseal-keys", "core/_recovery-key"])("the blob %s", (path) => {
  const opens = async (blob: SealedBlob): Promise<void> => {
    expect(Buffer.from(await seal.unwrap(blob)).toString("hex")).toBe(expected[path]?.plaintext_hex);
  };

  test("opens, and is spelt as ours", async () => {
    const blob = await blobAt(path);
    await opens(blob);
    const ours = await seal.wrap(Buffer.from(expected[path]?.plaintext_hex ?? "", "hex"));
    expect(ours.keyInfo?.keyId).toBe(blob.keyInfo?.keyId);
    expect(Object.keys(ours.keyInfo ?? {}).sort()).toEqual(Object.keys(blob.keyInfo ?? {}).sort());
    expect(encodeBlob(ours).length).toBe(encodeBlob(blob).length);
  });

  test("opens with the nonce in front of the ciphertext", async () => {
    const { iv: _, ...blob } = await blobAt(path);
    await opens({ ...blob, ciphertext: nonceInFront(await blobAt(path)) });
  });

  test("opens with the wrapped key as the text that old versions kept", async () => {
    const blob = await blobAt(path);
    const wrappedKey = Buffer.from(Buffer.from(blob.keyInfo?.wrappedKey ?? []).toString("base64url"), "latin1");
    await opens({ ...blob, keyInfo: { keyId: "", ...blob.keyInfo, wrappedKey } });
  });

  test("opens after the key was rotated, while new blobs are of the new version", async () => {
    const blob = await blobAt(path);
    const { version } = await vault.keys.rotate(KEY);
    await opens(blob);
    expect((await seal.wrap(Buffer.alloc(1))).keyInfo?.keyId).toBe(version);
    vault.keys.delete(KEY);
    vault.keys.purge(KEY);
    const { kid_version, jwk } = (await readJson("key.json")) as { kid_version: string; jwk: Record<string, unknown> };
    vault.importKey(KEY, jwk, kid_version);
  });

  test("names no version, or none that can be: SEAL_KEY_MISSING, and the vault is not asked", async () => {
    const blob = await blobAt(path);
    const before = vault.calls.length;
    for (const keyId of ["", "../../secrets/a", `https://other.vault.azure.net/keys/${KEY}/1`, "a?b", "x".repeat(99)]) {
      await rejectsWithCode(seal.unwrap({ ...blob, keyInfo: { ...blob.keyInfo, keyId } }), "SEAL_KEY_MISSING");
    }
    expect(vault.calls.length).toBe(before);
  });
});

test("the whole directory opens, with what was stored in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealwright-azure-"));
  await cp(join(fixture, "data"), folder, { recursive: true });
  const storage = await openFileStorage({ path: folder });
  const settings = { ...vault.config, key_name: KEY };
  const store = await openStore({ storage, shares: shamir, seal: { plugin, settings } });
  try {
    const before = vault.calls.length;
    await store.unseal();
    expect(vault.calls.slice(before).map(({ operation }) => operation)).toEqual(["unwrapKey"]);
    expect(String(await store.get(CANARY))).toContain("seal-fixture-ok");
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});
