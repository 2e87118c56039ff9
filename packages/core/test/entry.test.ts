// SPDX-License-Identifier: Apache-2.0
import { createSecretKey } from "node:crypto";
import { Barrier, newKeyring, openEntry, sealEntry, termOf, withRootKey } from "@sealwright/core";
import { encryptWith } from "@sealwright/seal";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { rejectsWithCode } from "@sealwright/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barrierVectors } from "../../../test/support/vectors.ts";
import { flipBit } from "./support/storages.ts";

const { vectors, decrypt_errors: errors } = barrierVectors;
const keyOf = (hex: string) => createSecretKey(Buffer.from(hex, "hex"));
const key = keyOf("11".repeat(32));
const path = "logical/a";

describe("a barrier entry", () => {
  it.each(vectors)("of OpenBao at $path (version $version) opens to its plaintext", (vector) => {
    const entry = Buffer.from(vector.ciphertext_b64, "base64");
    expect(termOf(vector.path, entry)).toBe(vector.term);
    expect(openEntry(keyOf(vector.key_hex), vector.path, entry).toString("hex")).toBe(vector.plaintext_hex);
  });

  it.each(vectors.filter(({ version }) => version === 2))("at $path is written byte for byte as OpenBao does", (it) => {
    const [secret, plaintext] = [keyOf(it.key_hex), Buffer.from(it.plaintext_hex, "hex")];
    const bytesUnder = (nonce: Uint8Array): Buffer => {
      const header = Buffer.from([0, 0, 0, it.term, 2]);
      return Buffer.concat([header, encryptWith(secret, nonce, plaintext, Buffer.from(it.path, "utf8"))]);
    };
    expect(bytesUnder(Buffer.from(it.nonce_hex, "hex")).toString("base64")).toBe(it.ciphertext_b64);
    const ours = Buffer.from(sealEntry(it.term, secret, it.path, plaintext));
    expect(ours.equals(bytesUnder(ours.subarray(5, 17)))).toBe(true);
  });

  it.each(errors)("that OpenBao refuses ($case) is refused", async ({ path: at, ciphertext_b64: text }) => {
    const storage = openMemoryStorage();
    const first = vectors.find(({ path: each }) => each === "logical/5b1e/foo")!;
    const keyring = withRootKey(newKeyring("2026-01-01T00:00:00Z"), key);
    const active = { ...keyring.active, key: keyOf(first.key_hex) };
    const barrier = Barrier.resume(
      storage,
      { ...keyring, active, keys: new Map([[1, active]]) },
      {
        count: 0n,
        ready: undefined,
        limited: false,
      },
    );
    await storage.write([{ op: "put", path: at, value: Buffer.from(text, "base64") }]);
    const error = await rejectsWithCode(barrier.get(at), "ENTRY_CORRUPT");
    expect(error.message).toContain(at);
  });

  it("never has the same bytes twice", () => {
    const entries = Array.from({ length: 50 }, () => Buffer.from(sealEntry(1, key, path, Buffer.from("v"))));
    expect(new Set(entries.map((each) => each.toString("hex"))).size).toBe(50);
  });

  it("does not open after any of its bits flips, the term's apart, which the keyring looks up", async () => {
    const entry = sealEntry(1, key, path, Buffer.from("secret"));
    for (let bit = 32; bit < entry.length * 8; bit++) {
      await rejectsWithCode(() => openEntry(key, path, flipBit(entry, bit)), "ENTRY_CORRUPT");
    }
  });

  it("does not open cut short at any length", async () => {
    const entry = sealEntry(1, key, path, Buffer.from("secret"));
    for (let length = 0; length < entry.length; length++) {
      await rejectsWithCode(() => openEntry(key, path, entry.subarray(0, length)), "ENTRY_CORRUPT");
    }
  });

  it("does not open with bytes added, under another key, or at another path", async () => {
    const entry = sealEntry(1, key, path, Buffer.from("secret"));
    await rejectsWithCode(() => openEntry(key, path, Buffer.concat([entry, Buffer.of(0)])), "ENTRY_CORRUPT");
    await rejectsWithCode(() => openEntry(keyOf("22".repeat(32)), path, entry), "ENTRY_CORRUPT");
    await rejectsWithCode(() => openEntry(key, "logical/b", entry), "ENTRY_CORRUPT");
  });

  it("of version 2 does not pass as version 1, which would bind no path", async () => {
    const entry = Buffer.from(sealEntry(1, key, path, Buffer.from("secret")));
    entry[4] = 1;
    await rejectsWithCode(() => openEntry(key, path, entry), "ENTRY_CORRUPT");
  });

  it("gives back any plaintext of any term at any path", () => {
    const term = fc.integer({ min: 1, max: 0xffff_ffff });
    fc.assert(
      fc.property(term, fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 300 }), (at, where, plaintext) => {
        const entry = sealEntry(at, key, where, plaintext);
        expect(termOf(where, entry)).toBe(at);
        expect(openEntry(key, where, entry).equals(plaintext)).toBe(true);
      }),
    );
  });
});
