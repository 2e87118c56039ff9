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

describe("an entry with a layer by several seals", () => {
  const OTHER = { ciphertext: Uint8Array.of(4) };
  const stored = Buffer.from(encodeWrapped([BLOB, OTHER], 3));

  it("is the name of the form, the length, generation and slots, then the byte s", () => {
    const slots = "1211" + "0a03010203" + "120109" + "2001" + "2a05" + "0807" + "1a016b" + "1205" + "0a0104" + "2001";
    const message = `0803${slots}`;
    const length = (message.length / 2).toString(16).padStart(8, "0");
    expect(stored.subarray(0, 16).toString()).toBe("multiwrapvalue:1");
    expect(stored.subarray(16).toString("hex")).toBe(`${length}${message}73`);
  });

  it("is read as it was written", () => {
    expect(decodeWrapped(stored)).toEqual([BLOB, OTHER].map((each) => ({ ...each, wrapped: true })));
  });

  it.each([
    ["without the s", stored.subarray(0, -1)],
    ["cut short", Buffer.concat([stored.subarray(0, -4), Buffer.from("s")])],
    ["with a length that is too long", flipBit(stored, 19 * 8 + 7)],
    ["with a length and nothing else", Buffer.from("multiwrapvalue:1\0\0\0\0s")],
    ["with its name alone", Buffer.from("multiwrapvalue:1s")],
    ["with a message that is none", Buffer.from("multiwrapvalue:1\0\0\0\x01\xffs", "latin1")],
  ])("is none %s", (_, bytes) => {
    expect(decodeWrapped(bytes)).toBeUndefined();
  });

  it("is not made of no seals", () => {
    expect(() => encodeWrapped([], 1)).toThrow(RangeError);
  });
});
