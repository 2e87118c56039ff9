// SPDX-License-Identifier: Apache-2.0
import { createSecretKey, generateKeyPairSync, randomBytes } from "node:crypto";
import {
  AuthenticationError,
  decrypt,
  encrypt,
  encryptWith,
  NO_AAD,
  NONCE_BYTES,
  randomNonce,
  TAG_BYTES,
} from "@sealwright/seal";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barrierVectors, bytes, hex } from "../../../test/support/vectors.ts";

const KEY = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const NONCE = "cafebabefacedbaddecaf888";
const PLAINTEXT =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const CIPHERTEXT =
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

/** McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the cases with 256-bit keys, 96-bit nonces. */
const GCM_CASES = [
  {
    number: 13,
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    plaintext: "",
    aad: "",
    ciphertext: "",
    tag: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    number: 14,
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    plaintext: "00".repeat(16),
    aad: "",
    ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
    tag: "d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    number: 15,
    key: KEY,
    nonce: NONCE,
    plaintext: PLAINTEXT,
    aad: "",
    ciphertext: CIPHERTEXT,
    tag: "b094dac5d93471bdec1a502270e3cc6c",
  },
  {
    number: 16,
    key: KEY,
    nonce: NONCE,
    plaintext: PLAINTEXT.slice(0, 120),
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    ciphertext: CIPHERTEXT.slice(0, 120),
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
];

const key = randomBytes(32);

describe("decrypt refuses with an AuthenticationError", () => {
  const sealed = encrypt(key, bytes("68656c6c6f"), bytes("01"));

  it("every single flipped bit", () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Uint8Array.from(sealed);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decrypt(key, damaged, bytes("01"))).toThrow(AuthenticationError);
    }
  });

  it("every shorter length", () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(() => decrypt(key, sealed.subarray(0, length), bytes("01"))).toThrow(AuthenticationError);
    }
  });

  it("another key, other additional data, and none", () => {
    expect(() => decrypt(randomBytes(32), sealed, bytes("01"))).toThrow(AuthenticationError);
    expect(() => decrypt(key, sealed, bytes("02"))).toThrow(AuthenticationError);
    expect(() => decrypt(key, sealed, bytes("0101"))).toThrow(AuthenticationError);
    expect(() => decrypt(key, sealed, NO_AAD)).toThrow(AuthenticationError);
  });

  it("a tag of fewer bytes, which the cipher itself would take", () => {
    const short = sealed.subarray(0, -4);
    expect(() => decrypt(key, short, bytes("01"))).toThrow(AuthenticationError);
  });
});

describe("a key or nonce of the wrong kind is a RangeError", () => {
  for (const length of [0, 16, 24, 31, 33, 64]) {
    it(`a key of ${length} bytes`, () => {
      expect(() => encrypt(new Uint8Array(length), key, NO_AAD)).toThrow(RangeError);
      expect(() => decrypt(new Uint8Array(length), new Uint8Array(64), NO_AAD)).toThrow(RangeError);
    });
  }

  it("a key object of 16 bytes, and one that is no secret key", () => {
    expect(() => encrypt(createSecretKey(randomBytes(16)), key, NO_AAD)).toThrow(RangeError);
    expect(() => encrypt(generateKeyPairSync("ed25519").publicKey, key, NO_AAD)).toThrow(RangeError);
  });

  for (const length of [0, 8, 11, 13, 16]) {
    it(`a nonce of ${length} bytes`, () => {
      expect(() => encryptWith(key, new Uint8Array(length), key, NO_AAD)).toThrow(RangeError);
    });
  }
});

describe("AES-256-GCM", () => {
  for (const { number, plaintext, aad, ciphertext, tag, ...given } of GCM_CASES) {
    it(`encrypts and decrypts test case ${number} of the GCM specification`, () => {
      const sealed = encryptWith(bytes(given.key), bytes(given.nonce), bytes(plaintext), bytes(aad));
      expect(hex(sealed)).toBe(given.nonce + ciphertext + tag);
      expect(hex(decrypt(bytes(given.key), sealed, bytes(aad)))).toBe(plaintext);
    });
  }

  for (const vector of barrierVectors.vectors) {
    it(`reads and writes the body of OpenBao's barrier entry ${vector.path}`, () => {
      // In front of it stand four bytes of term and one of version.
      const sealed = Buffer.from(vector.ciphertext_b64, "base64").subarray(5);
      const aad = new TextEncoder().encode(vector.aad);
      expect(hex(decrypt(bytes(vector.key_hex), sealed, aad))).toBe(vector.plaintext_hex);
      const again = encryptWith(bytes(vector.key_hex), bytes(vector.nonce_hex), bytes(vector.plaintext_hex), aad);
      expect(again.equals(sealed)).toBe(true);
    });
  }

  it("gives back any plaintext under any additional data, with a key as bytes or as an object", () => {
    const object = createSecretKey(key);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 100 }), (plaintext, aad) => {
        const sealed = encrypt(key, plaintext, aad);
        expect(sealed.length).toBe(NONCE_BYTES + plaintext.length + TAG_BYTES);
        expect(decrypt(object, sealed, aad).equals(plaintext)).toBe(true);
      }),
    );
  });

  it("leaves key, plaintext, ciphertext and additional data as they were", () => {
    const given = [Uint8Array.from(key), bytes("aabb"), bytes("cc")] as const;
    const sealed = encrypt(...given);
    const before = hex(sealed);
    decrypt(given[0], sealed, given[2]);
    expect([hex(given[0]), hex(given[1]), hex(given[2]), hex(sealed)]).toEqual([hex(key), "aabb", "cc", before]);
  });
});

describe("nonces", () => {
  it("never repeat, and own their bytes, over several fillings of the pool", () => {
    const nonces = Array.from({ length: 2000 }, randomNonce);
    expect(new Set(nonces.map(hex)).size).toBe(2000);
    const [first, second] = nonces as [Uint8Array, Uint8Array];
    const before = hex(second);
    first.fill(0);
    expect(hex(second)).toBe(before);
    expect(first.buffer.byteLength).toBe(NONCE_BYTES);
  });
});
