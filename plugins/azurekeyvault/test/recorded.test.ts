// SPDX-License-Identifier: Apache-2.0
/** The directory that OpenBao 2.6.2 wrote with a key of another Key Vault emulator opens with that key in ours. */
import { encodeBlob, nonceInFront, type Seal, type SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RecordedDirectory } from "../../../test/support/recorded-directory.ts";
import { plugin } from "../src/index.ts";
import { openSeal } from "./support/open-seal.ts";

const directory = new RecordedDirectory("azurekeyvault-lowkey");
const KEY = "bao-seal";

let vault: KeyVaultServer;
let seal: Seal;

function importKey(): void {
  const { kid_version, jwk } = directory.key as { kid_version: string; jwk: Record<string, unknown> };
  vault.importKey(KEY, jwk, kid_version);
}

beforeAll(async () => {
  vault = await startKeyVault();
  importKey();
  seal = await openSeal({ ...vault.config, key_name: KEY });
});
afterAll(async () => {
  await seal.close();
  await vault.stop();
});

describe.each(directory.sealed)("the blob %s", (_file, blob, plaintext) => {
  const opens = async (spelt: SealedBlob): Promise<void> => {
    expect(Buffer.from(await seal.unwrap(spelt)).toString("hex")).toBe(plaintext);
  };

  test("opens, and is spelt as ours", async () => {
    await opens(blob);
    const ours = await seal.wrap(Buffer.from(plaintext, "hex"));
    expect(ours.keyInfo?.keyId).toBe(blob.keyInfo?.keyId);
    expect(Object.keys(ours.keyInfo ?? {}).sort()).toEqual(Object.keys(blob.keyInfo ?? {}).sort());
    expect(encodeBlob(ours).length).toBe(encodeBlob(blob).length);
  });

  test("opens with the nonce in front of the ciphertext", async () => {
    const { iv: _, ...rest } = blob;
    await opens({ ...rest, ciphertext: nonceInFront(blob) });
  });

  test("opens with the wrapped key as the text that old versions kept", async () => {
    const wrappedKey = Buffer.from(Buffer.from(blob.keyInfo?.wrappedKey ?? []).toString("base64url"), "latin1");
    await opens({ ...blob, keyInfo: { keyId: "", ...blob.keyInfo, wrappedKey } });
  });

  test("opens after the key was rotated, while new blobs are of the new version", async () => {
    const { version } = await vault.keys.rotate(KEY);
    await opens(blob);
    expect((await seal.wrap(Buffer.alloc(1))).keyInfo?.keyId).toBe(version);
    vault.keys.delete(KEY);
    vault.keys.purge(KEY);
    importKey();
  });

  test("names no version, or none that can be: SEAL_KEY_MISSING, and the vault is not asked", async () => {
    const before = vault.calls.length;
    for (const keyId of ["", "../../secrets/a", `https://other.vault.azure.net/keys/${KEY}/1`, "a?b", "x".repeat(99)]) {
      await rejectsWithCode(seal.unwrap({ ...blob, keyInfo: { ...blob.keyInfo, keyId } }), "SEAL_KEY_MISSING");
    }
    expect(vault.calls.length).toBe(before);
  });
});

test("the whole directory opens, with what was stored in it", async () => {
  const before = vault.calls.length;
  await directory.expectToOpen(plugin, { ...vault.config, key_name: KEY });
  expect(vault.calls.slice(before).map(({ operation }) => operation)).toEqual(["unwrapKey"]);
});
