// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration } from "../../src/config/index.ts";

describe("a duration", () => {
  it.each([
    ["0", 0],
    ["5s", 5000],
    ["1500ms", 1500],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["1.s", 1000],
    ["250us", 0.25],
    ["250µs", 0.25],
    ["1ns", 0.000001],
    ["0.1s200ms", 300],
    ["768h", 2_764_800_000],
    ["30d", 2_592_000_000],
    ["90", 90_000],
    [" 90s ", 90_000],
    [90, 90_000],
    [90n, 90_000],
  ])("reads %s as %d milliseconds", (given, milliseconds) => {
    expect(parseDuration(given)).toBe(milliseconds);
  });

  it.each([
    "",
    "s",
    "5 s",
    "5x",
    "5S",
    "-5s",
    "+5s",
    "1.5",
    "1.5d",
    "1d12h",
    "1h-5m",
    "1..5s",
    "0x10",
    "1e3",
    "1e3s",
    "５s",
    "300000000h",
    `${"9".repeat(40)}s`,
    `1${"0".repeat(100)}ns`,
    -5,
    1.5,
    -1n,
    2n ** 64n,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])('refuses "%s"', (given) => {
    expect(parseDuration(given)).toBeUndefined();
  });

  it("adds up its parts", () => {
    const count = fc.nat(10_000);
    fc.assert(
      fc.property(count, count, count, count, (h, m, s, ms) => {
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(((h * 60 + m) * 60 + s) * 1000 + ms);
      }),
    );
  });
});
