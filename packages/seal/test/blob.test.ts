// SPDX-License-Identifier: Apache-2.0
import { decodeBlob, encodeBlob, type KeyInfo, type SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BlobVector, blobVectors, bytes, hex } from "../../../test/support/vectors.ts";

const MALFORMED: readonly (readonly [string, string])[] = [
  ["a tag without anything after it", "0a"],
  ["a field that ends before its length", "0a0501020304"],
  ["a field that claims 2^31 bytes", "0a8080808008ff"],
  ["a field that claims 2^63 bytes", "0a80808080808080808001"],
  ["a length of more than 64 bits", "0affffffffffffffffff7f"],
  ["a number that ends inside", "20ff"],
  ["a number of eleven bytes", `20${"80".repeat(10)}01`],
  ["a number of more than 64 bits", `20${"ff".repeat(9)}02`],
  ["field number 0", "0200"],
  ["a group, which protobuf dropped", "0b0c"],
  ["wire type 6", "0e00"],
  ["wire type 7", "0f00"],
  ["a fixed64 field cut short", "3901020304"],
  ["a fixed32 field cut short", "3d0102"],
  ["a number as ciphertext", "0801"],
  ["a number as iv", "1001"],
  ["a number as key info", "2801"],
  ["bytes as the wrapped flag", "220101"],
  ["a wrapped flag of more than 2^53 - 1", "2080808080808080808001"],
  ["a key info cut short", "2a020a05"],
  ["a mechanism of 2^53", "2a090880808080808080" + "10"],
  ["a mechanism that is bytes", "2a030a0101"],
  ["a key id that is a number", "2a021801"],
  ["a key id that is not UTF-8", "2a041a02c328"],
  ["a key id with an encoded surrogate", "2a051a03eda080"],
  ["a wrapped key that is a number", "2a022801"],
];

function blobOf(vector: BlobVector): SealedBlob {
  const { mechanism, key_id: keyId, wrapped_key_hex: wrappedKey } = vector.key_info;
  return {
    ciphertext: bytes(vector.ciphertext_hex),
    ...(vector.iv_hex === "" ? {} : { iv: bytes(vector.iv_hex) }),
    keyInfo: {
      keyId,
      ...(mechanism === 0 ? {} : { mechanism }),
      ...(wrappedKey === "" ? {} : { wrappedKey: bytes(wrappedKey) }),
    },
  };
}

// Empty fields are left out of the message, so they are read back as absent.
const someBytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
const someText = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const someNumber = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const someKeyInfo: fc.Arbitrary<KeyInfo> = fc.record(
  { keyId: someText, mechanism: someNumber, hmacMechanism: someNumber, hmacKeyId: someText, wrappedKey: someBytes },
  { requiredKeys: ["keyId"] },
);
const someBlob: fc.Arbitrary<SealedBlob> = fc.record(
  { ciphertext: fc.uint8Array(), iv: someBytes, hmac: someBytes, wrapped: fc.constant(true), keyInfo: someKeyInfo },
  { requiredKeys: ["ciphertext"] },
);

describe("decodeBlob refuses with SEAL_BAD_CIPHERTEXT", () => {
  for (const [title, message] of MALFORMED) {
    it(title, () => rejectsWithCode(() => decodeBlob(bytes(message)), "SEAL_BAD_CIPHERTEXT"));
  }

  it("every message that was cut inside its last field", async () => {
    const whole = bytes(blobVectors.vectors[0]!.blobinfo_hex);
    // The last field is an empty key info of two bytes.
    for (let length = 1; length < whole.length - 2; length++) {
      await rejectsWithCode(() => decodeBlob(whole.subarray(0, length)), "SEAL_BAD_CIPHERTEXT");
    }
    await rejectsWithCode(() => decodeBlob(whole.subarray(0, -1)), "SEAL_BAD_CIPHERTEXT");
  });

  it("whatever it refuses, and never throws anything else", async () => {
    const damaged = fc
      .tuple(fc.constantFrom(...blobVectors.vectors), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 12 }))
      .map(([vector, at, patch]) => {
        const message = bytes(vector.blobinfo_hex);
        const start = at % message.length;
        message.set(patch.subarray(0, message.length - start), start);
        return message;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), async (message) => {
        let blob: SealedBlob;
        try {
          blob = decodeBlob(message);
        } catch (error) {
          await rejectsWithCode(Promise.reject(error), "SEAL_BAD_CIPHERTEXT");
          return;
        }
        expect(blob.ciphertext.length).toBeLessThanOrEqual(message.length);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("encodeBlob refuses with a RangeError", () => {
  const ciphertext = new Uint8Array(1);

  for (const mechanism of [-1, 0.5, Number.NaN, 2 ** 53]) {
    it(`the mechanism ${mechanism}`, () => {
      expect(() => encodeBlob({ ciphertext, keyInfo: { keyId: "k", mechanism } })).toThrow(RangeError);
    });
  }

  it("a key id with a lone surrogate, which would come back as another id", () => {
    expect(() => encodeBlob({ ciphertext, keyInfo: { keyId: "\ud800" } })).toThrow(RangeError);
  });
});

describe("the blobs of OpenBao's wrappers", () => {
  it("are there for every wrapper", () => {
    expect(blobVectors.vectors.length).toBe(59);
  });

  for (const [index, vector] of blobVectors.vectors.entries()) {
    it(`${index}: ${vector.wrapper}, is read and written byte for byte`, () => {
      const message = bytes(vector.blobinfo_hex);
      expect(decodeBlob(message)).toEqual(blobOf(vector));
      expect(hex(encodeBlob(blobOf(vector)))).toBe(vector.blobinfo_hex);
      expect(hex(encodeBlob(decodeBlob(message)))).toBe(vector.blobinfo_hex);
    });
  }
});

describe("the blob codec", () => {
  it("gives back any blob, whatever its key id says", () => {
    fc.assert(
      fc.property(someBlob, (blob) => {
        expect(decodeBlob(encodeBlob(blob))).toEqual(blob);
      }),
    );
  });

  it("keeps a key id that begins with a byte order mark", () => {
    const blob = { ciphertext: new Uint8Array(1), keyInfo: { keyId: "\ufeffkey" } };
    expect(decodeBlob(encodeBlob(blob)).keyInfo?.keyId).toBe("\ufeffkey");
  });

  it("keeps a mechanism of 2^53 - 1 exact", () => {
    const blob = { ciphertext: new Uint8Array(1), keyInfo: { keyId: "", mechanism: Number.MAX_SAFE_INTEGER } };
    expect(decodeBlob(encodeBlob(blob))).toEqual(blob);
  });

  it("reads an empty message as a blob without anything", () => {
    expect(decodeBlob(new Uint8Array())).toEqual({ ciphertext: new Uint8Array() });
  });

  it("reads wrapped = false as absent, and writes it so", () => {
    expect(decodeBlob(bytes("0a01612000"))).toEqual({ ciphertext: bytes("61"), wrapped: false });
    expect(hex(encodeBlob({ ciphertext: bytes("61"), wrapped: false }))).toBe("0a0161");
  });

  it("takes the last of a field that is given twice", () => {
    expect(decodeBlob(bytes("0a01610a0162")).ciphertext).toEqual(bytes("62"));
  });

  it("skips fields that it does not know, of every wire type and up to 64 bits", () => {
    const unknown = `3801${"39".padEnd(18, "0")}${"3d".padEnd(10, "0")}3a0161` + `38${"ff".repeat(9)}01`;
    expect(decodeBlob(bytes(`0a0161${unknown}`))).toEqual({ ciphertext: bytes("61") });
  });

  it("skips the value path and the flags, which nothing here uses", () => {
    expect(decodeBlob(bytes(`0a01613204706174682a0d1a016b30${"ff".repeat(8)}7f`))).toEqual({
      ciphertext: bytes("61"),
      keyInfo: { keyId: "k" },
    });
  });

  it("shares no memory with the message, not even with a Buffer's", () => {
    const message = Buffer.from("0a0161", "hex");
    const blob = decodeBlob(message);
    message.fill(0);
    expect(blob.ciphertext).toEqual(bytes("61"));
  });
});
