// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { rejectsWithCode } from "@sealwright/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, hex, shamirVectors } from "../../../test/support/vectors.ts";
import { plugin } from "../src/index.ts";

const key = randomBytes(32);

/** A share with the given x coordinate; the y values don't matter where it is refused. */
function shareAt(x: number, fill = 1): Uint8Array {
  return Uint8Array.from({ length: 33 }, (_, index) => (index === 32 ? x : fill));
}

/** The constant term of the line through two shares, worked out here on purpose without the library. */
function linearConstant(one: Uint8Array, two: Uint8Array): Uint8Array {
  const times = (a: number, b: number): number => {
    let product = 0;
    for (let bit = 0; bit < 8; bit++) {
      if ((b >> bit) & 1) product ^= a << bit;
    }
    for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8);
    return product;
  };
  const inverse = (a: number): number => Array.from({ length: 256 }, (_, b) => b).find((b) => times(a, b) === 1)!;
  const [x1, x2] = [one.at(-1)!, two.at(-1)!];
  const slope = inverse(x1 ^ x2);
  return one.slice(0, -1).map((y, index) => y ^ times(x1, times(y ^ two[index]!, slope)));
}

describe("split refuses with SEAL_CONFIG", () => {
  const numbers: [string, number, number][] = [
    ["no shares", 0, 0],
    ["a negative number of shares", -1, -1],
    ["256 shares", 256, 2],
    ["a fraction of shares", 2.5, 2],
    ["NaN shares", Number.NaN, 2],
    ["a threshold of 0", 3, 0],
    ["a negative threshold", 3, -2],
    ["a fraction as threshold", 3, 2.5],
    ["a threshold above the shares", 3, 4],
    ["a threshold of 256", 255, 256],
    ["a threshold of 1 of several shares", 3, 1],
    ["a threshold of 2 of one share", 1, 2],
  ];
  for (const [title, shares, threshold] of numbers) {
    it(title, () => rejectsWithCode(plugin.split(key, { shares, threshold }), "SEAL_CONFIG"));
  }

  for (const length of [0, 16, 31, 33]) {
    it(`a key of ${length} bytes`, async () => {
      const error = await rejectsWithCode(
        plugin.split(new Uint8Array(length), { shares: 3, threshold: 2 }),
        "SEAL_CONFIG",
      );
      expect(error.message).toContain(`not ${length}`);
    });
  }
});

describe("combine refuses with SEAL_BAD_CIPHERTEXT", () => {
  const sets: [string, Uint8Array[], string][] = [
    ["no shares", [], "no shares"],
    ["one share of several", [shareAt(1)], "at least 2"],
    ["an empty share", [new Uint8Array(), shareAt(2)], "share 1 of 2 has 0 bytes"],
    ["a share that is too short", [shareAt(1), shareAt(2).slice(1)], "share 2 of 2 has 32 bytes"],
    ["a share that is too long", [shareAt(1), shareAt(2), new Uint8Array(34).fill(3)], "share 3 of 3 has 34 bytes"],
    ["whole keys beside each other", [key, key], "share 1 of 2 has 32 bytes"],
    ["shares that agree on another length", [bytes("010203"), bytes("040506")], "has 3 bytes"],
    ["a single short share", [bytes("0102")], "has 2 bytes"],
    ["a share repeated", [shareAt(7), shareAt(8), shareAt(7)], "share 3 of 3 repeats another"],
    ["other bytes at an x coordinate that was given", [shareAt(7, 1), shareAt(7, 2)], "share 2 of 2 repeats another"],
    ["an x coordinate of 0, which would be the key itself", [shareAt(0), shareAt(1)], "its last byte is 0"],
    ["256 shares", Array.from({ length: 256 }, (_, x) => shareAt(x & 0xff)), "at most 255"],
  ];
  for (const [title, shares, says] of sets) {
    it(title, async () => {
      expect((await rejectsWithCode(plugin.combine(shares), "SEAL_BAD_CIPHERTEXT")).message).toContain(says);
    });
  }

  it("and never shows a byte of a share", async () => {
    const share = Uint8Array.from([...key, 9]);
    const error = await rejectsWithCode(plugin.combine([share, share]), "SEAL_BAD_CIPHERTEXT");
    expect(error.message).toBe("share 2 of 2 repeats another: each share may be given once");
  });
});

describe("combine cannot tell, so the key it gives does not open anything", () => {
  it("from fewer shares than the threshold", async () => {
    const shares = await plugin.split(key, { shares: 5, threshold: 3 });
    expect(hex(await plugin.combine(shares.slice(0, 2)))).not.toBe(hex(key));
  });

  it("from shares of two keys", async () => {
    const [mine] = await plugin.split(key, { shares: 2, threshold: 2 });
    const theirs = await plugin.split(randomBytes(32), { shares: 9, threshold: 2 });
    const other = theirs.find((share) => share.at(-1) !== mine!.at(-1))!;
    const combined = await plugin.combine([mine!, other]);
    const blob = await plugin.open(key).wrap(bytes("00"));
    await rejectsWithCode(plugin.open(combined).unwrap(blob), "SEAL_BAD_CIPHERTEXT");
  });
});

describe("the shares that OpenBao makes", () => {
  const ofKeys = shamirVectors.vectors.filter((vector) => vector.secret_hex.length === 64);

  it("are there for eight ways of splitting", () => expect(ofKeys.length).toBe(8));

  for (const { parts, threshold, secret_hex: secret, shares_hex: shares, ...vector } of ofKeys) {
    it(`${threshold} of ${parts}: the first, the last and all of them give the key, in any order`, async () => {
      const all = shares.map(bytes);
      for (const some of [all.slice(0, threshold), all.slice(-threshold).reverse(), all]) {
        expect(hex(await plugin.combine(some))).toBe(secret);
      }
      if (vector.combine_below_threshold_hex !== undefined) {
        expect(hex(await plugin.combine(all.slice(0, threshold - 1)))).toBe(vector.combine_below_threshold_hex);
      }
    });
  }
});

describe("split", () => {
  it("gives back the key from any threshold of the shares", async () => {
    const numbers = fc
      .integer({ min: 2, max: 40 })
      .chain((shares) => fc.record({ shares: fc.constant(shares), threshold: fc.integer({ min: 2, max: shares }) }));
    await fc.assert(
      fc.asyncProperty(numbers, fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(), async (given, any, seed) => {
        const shares = await plugin.split(any, given);
        expect(shares.map((share) => share.length)).toEqual(Array.from({ length: given.shares }, () => 33));
        const start = seed % given.shares;
        const rotated = [...shares.slice(start), ...shares.slice(0, start)];
        expect(hex(await plugin.combine(rotated.slice(0, given.threshold)))).toBe(hex(any));
      }),
      { numRuns: 60 },
    );
  });

  it("makes 255 shares with distinct x coordinates from 1 to 255", async () => {
    const shares = await plugin.split(key, { shares: 255, threshold: 255 });
    expect(shares.map((share) => share.at(-1)!).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 255 }, (_, index) => index + 1),
    );
    expect(hex(await plugin.combine(shares))).toBe(hex(key));
  });

  it("agrees with the arithmetic of GF(2^8) modulo 0x11b", async () => {
    const [one, two] = await plugin.split(key, { shares: 2, threshold: 2 });
    expect(hex(linearConstant(one!, two!))).toBe(hex(key));
  });

  it("draws other shares every time, and other coefficients for every byte", async () => {
    const zeros = new Uint8Array(32);
    const first = await plugin.split(zeros, { shares: 3, threshold: 3 });
    const second = await plugin.split(zeros, { shares: 3, threshold: 3 });
    expect(new Set([...first, ...second].map(hex)).size).toBe(6);
    // Equal coefficients would make the y values of equal key bytes equal.
    for (const share of first) expect(new Set(share.subarray(0, 32)).size).toBeGreaterThan(16);
  });

  it("gives the key itself as the only share of one, as bytes of its own", async () => {
    const [only] = await plugin.split(key, { shares: 1, threshold: 1 });
    expect(hex(only!)).toBe(hex(key));
    expect(hex(await plugin.combine([only!]))).toBe(hex(key));
    only!.fill(0);
    expect(hex(key)).not.toBe(hex(only!));
  });

  it("and combine leave key and shares as they were", async () => {
    const before = hex(key);
    const shares = await plugin.split(key, { shares: 3, threshold: 2 });
    const given = shares.map(hex);
    await plugin.combine(shares);
    expect([hex(key), ...shares.map(hex)]).toEqual([before, ...given]);
  });
});
