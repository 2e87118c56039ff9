// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { decodeWrapped, encodeWrapped, newKey, sealEntry } from "@sealwright/core";
import { encodeBlob } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import { flipBit } from "../support/storages.ts";

const BLOB = { ciphertext: Uint8Array.of(1, 2, 3), iv: Uint8Array.of(9), keyInfo: { mechanism: 7, keyId: "k" } };

describe("a seal-wrapped entry", () => {
  it("is a BlobInfo with field 4 set, then the byte s", () => {
    const expected = "0a03010203" + "120109" + "2001" + "2a05" + "0807" + "1a016b" + "73";
    expect(Buffer.from(encodeWrapped([BLOB], 0)).toString("hex")).toBe(expected);
  });

  it("is read as it was written", () => {
    expect(decodeWrapped(encodeWrapped([BLOB], 0))).toEqual([{ ...BLOB, wrapped: true }]);
  });

  it("with field 4 unset holds plaintext, and says so", () => {
    const stored = Buffer.concat([encodeBlob({ ciphertext: Buffer.from("plain") }), Buffer.from("s")]);
    const [blob] = decodeWrapped(stored)!;
    expect(blob!.wrapped).toBeUndefined();
    expect(Buffer.from(blob!.ciphertext).toString()).toBe("plain");
  });

  it.each([
    ["no bytes", Buffer.alloc(0)],
    ["s alone", Buffer.from("s")],
    ["a sealed blob without the s", Buffer.from(encodeBlob(BLOB))],
    ["text that ends in s", Buffer.from("barriers")],
    ["a message that is cut short", Buffer.concat([encodeWrapped([BLOB], 0).slice(0, 3), Buffer.from("s")])],
  ])("is not %s", (_name, stored) => {
    expect(decodeWrapped(stored)).toBeUndefined();
  });

  it("is never a barrier entry, whatever its last byte is", () => {
    const key = newKey();
    for (let each = 0; each < 2_000; each++) {
      const entry = Buffer.from(sealEntry(1 + (each % 9), key, "core/keyring", randomBytes(each % 40)));
      entry[entry.length - 1] = "s".charCodeAt(0);
      expect(decodeWrapped(entry)).toBeUndefined();
    }
  });

  it("without its last byte, or with another one, is none", () => {
    const stored = encodeWrapped([BLOB], 0);
    expect(decodeWrapped(stored.subarray(0, -1))).toBeUndefined();
    expect(decodeWrapped(flipBit(stored, stored.length * 8 - 1))).toBeUndefined();
  });
});
