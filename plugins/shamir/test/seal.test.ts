// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { decodeBlob, encodeBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { blobVectors, bytes, hex } from "../../../test/support/vectors.ts";
import { plugin } from "../src/index.ts";

describe("the Shamir seal", () => {
  for (const length of [0, 16, 31, 33]) {
    it(`refuses a key of ${length} bytes with SEAL_CONFIG`, async () => {
      const error = await rejectsWithCode(() => plugin.open(new Uint8Array(length)), "SEAL_CONFIG");
      expect(error.message).toContain(`this one has ${length}`);
    });
  }

  it("keeps a key of its own: the caller may wipe the one it gave", async () => {
    const key = randomBytes(32);
    const seal = plugin.open(key);
    const again = plugin.open(key);
    key.fill(0);
    expect(hex(await again.unwrap(await seal.wrap(bytes("aabb"))))).toBe("aabb");
  });

  it("writes nonce and ciphertext together, no iv, and an empty key info, as OpenBao does", async () => {
    const blob = await plugin.open(randomBytes(32)).wrap(bytes("aabb"));
    expect(Object.keys(blob)).toEqual(["ciphertext", "keyInfo"]);
    expect(blob.ciphertext.length).toBe(12 + 2 + 16);
    expect(hex(encodeBlob(blob)).endsWith("2a00")).toBe(true);
  });

  const vectors = blobVectors.vectors.filter((vector) => vector.wrapper === "aead(shamir)");
  for (const [index, vector] of vectors.entries()) {
    it(`opens blob ${index} of OpenBao's Shamir wrapper, of ${vector.plaintext_hex.length / 2} bytes`, async () => {
      const seal = plugin.open(bytes(vector.keys.aes_key_hex!));
      const blob = decodeBlob(bytes(vector.blobinfo_hex));
      expect(hex(await seal.unwrap(blob, { aad: bytes(vector.aad_hex) }))).toBe(vector.plaintext_hex);
    });
  }
});
