// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { pauseAfter } from "../src/pause.ts";

describe("the pause before a process is started again", () => {
  it("is none after the first failure, then doubles up to ten seconds", () => {
    const pauses = [0, 1, 2, 3, 4, 8, 9, 50].map((failures) => pauseAfter(failures, 0));
    expect(pauses).toEqual([0, 0, 100, 200, 400, 6_400, 10_000, 10_000]);
  });

  it("is shortened by a quarter at most", () => {
    expect(pauseAfter(2, 1)).toBe(75);
    expect(pauseAfter(3, 0.5)).toBe(175);
  });
});
