// SPDX-License-Identifier: Apache-2.0
import { decodeMultiBlob, encodeMultiBlob, type SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";

const ONE: SealedBlob = { ciphertext: Uint8Array.of(1), keyInfo: { keyId: "a" } };
const TWO: SealedBlob = { ciphertext: Uint8Array.of(2), iv: Uint8Array.of(3) };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Buffer => Buffer.from(text, "hex");

describe("what several seals make of a plaintext", () => {
  it("is the generation and one embedded blob per slot, in order", () => {
    const slots = "1208" + "0a0101" + "2a03" + "1a0161" + "1206" + "0a0102" + "120103";
    expect(hex(encodeMultiBlob({ generation: 5, slots: [ONE, TWO] }))).toBe(`0805${slots}`);
  });

  it("is read as it was written, whatever number of slots it has", () => {
    for (const slots of [[], [ONE], [ONE, TWO], [TWO, ONE, TWO]]) {
      expect(decodeMultiBlob(encodeMultiBlob({ generation: 2 ** 40, slots }))).toEqual({ generation: 2 ** 40, slots });
    }
  });

  it("leaves a generation of 0 out and reads it back", () => {
    const encoded = encodeMultiBlob({ generation: 0, slots: [TWO] });
    expect(hex(encoded).startsWith("12")).toBe(true);
    expect(decodeMultiBlob(encoded).generation).toBe(0);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses the generation %s", (generation) => {
    expect(() => encodeMultiBlob({ generation, slots: [] })).toThrow(RangeError);
  });

  it.each([
    ["a slot that is cut short", "12080a0101"],
    ["a slot that is a number", "1001"],
    ["a slot that is no blob", "1201ff"],
    ["a generation of bytes", "0a0101"],
    ["a generation of more than 2^53 - 1", "0880808080808080808001"],
  ])("is not %s", async (_, text) => {
    await rejectsWithCode((async () => decodeMultiBlob(bytes(text)))(), "SEAL_BAD_CIPHERTEXT");
  });
});
