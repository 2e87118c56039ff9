// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex } from "../../../test/support/vectors.ts";
import { decodeKey } from "../src/key-text.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const key = Buffer.from("fbeffeff".repeat(8), "hex");
const [asHex, asBase64, asUrl] = [key.toString("hex"), key.toString("base64"), key.toString("base64url")];

describe("decodeKey gives nothing for", () => {
  const wrong: [string, Uint8Array][] = [
    ["nothing", text("")],
    ["a line break alone", text("\n")],
    ["31 and 34 bytes", text("a".repeat(31))],
    ["34 bytes", text("a".repeat(34))],
    ["63 hex digits", text(asHex.slice(1))],
    ["65 hex digits", text(`${asHex}0`)],
    ["64 characters with one that is no hex digit", text(`${asHex.slice(1)}g`)],
    ["64 characters with one beyond ASCII", Uint8Array.of(...text(asHex.slice(1)), 0xff)],
    ["hex with a 0x in front", text(`0x${asHex.slice(2)}`)],
    ["44 characters of URL-safe base64", text(`${asUrl}=`)],
    ["43 characters of standard base64", text(asBase64.slice(0, 43))],
    ["44 characters of base64 without padding", text("A".repeat(44))],
    ["padding in the middle", text(`${"A".repeat(20)}=${"A".repeat(23)}`)],
    ["a space around hex", text(` ${asHex}`)],
    ["two line breaks after hex", text(`${asHex}\n\n`)],
    ["a carriage return alone after hex", text(`${asHex}\r`)],
    ["a line break in front of hex", text(`\n${asHex}`)],
  ];
  for (const [title, given] of wrong) it(title, () => expect(decodeKey(given)).toBeUndefined());
});

describe("decodeKey reads", () => {
  const spellings: [string, Uint8Array][] = [
    ["hex", text(asHex)],
    ["hex in capitals", text(asHex.toUpperCase())],
    ["standard base64", text(asBase64)],
    ["unpadded URL-safe base64", text(asUrl)],
    ["raw bytes", key],
  ];
  for (const [title, given] of spellings) {
    it(title, () => expect(hex(decodeKey(given)!)).toBe(asHex));
    it(`${title} and a line break`, () => {
      expect(hex(decodeKey(Uint8Array.of(...given, 0x0a))!)).toBe(asHex);
      expect(hex(decodeKey(Uint8Array.of(...given, 0x0d, 0x0a))!)).toBe(asHex);
    });
  }

  it("a raw key that ends in a line break whole", () => {
    const raw = Uint8Array.of(...key.subarray(0, 30), 0x0d, 0x0a);
    expect(decodeKey(raw)).toEqual(raw);
    expect(decodeKey(Uint8Array.of(...raw, 0x0a))).toEqual(raw);
  });

  it("every key in every spelling, into bytes of its own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (any) => {
        const buffer = Buffer.from(any);
        const given = [any, text(hex(any)), text(buffer.toString("base64")), text(buffer.toString("base64url"))];
        for (const each of given) {
          const decoded = decodeKey(each)!;
          each === any || each.fill(0);
          expect(hex(decoded)).toBe(hex(any));
          expect(decoded.buffer).not.toBe(any.buffer);
        }
      }),
    );
  });
});
