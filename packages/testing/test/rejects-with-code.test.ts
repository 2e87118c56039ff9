// SPDX-License-Identifier: Apache-2.0
import { AssertionError } from "node:assert";
import { SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";

const denied = new SealError("SEAL_DENIED", "no permission");

describe("rejectsWithCode fails", () => {
  const outcomes: [string, () => unknown, string][] = [
    ["for a promise that resolves", () => Promise.resolve(1), "nothing was refused"],
    ["for a function that returns", () => 1, "nothing was refused"],
    ["for another code, naming both", () => Promise.reject(denied), "SEAL_TIMEOUT, got SEAL_DENIED: no permission"],
    ["for an error without a code", () => Promise.reject(new TypeError("bug")), "got TypeError: bug"],
    ["for a rejection that is no error", () => Promise.reject("SEAL_TIMEOUT"), "got string: SEAL_TIMEOUT"],
  ];
  for (const [title, action, says] of outcomes) {
    it(title, async () => {
      const failure = await rejectsWithCode(action, "SEAL_TIMEOUT").catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(AssertionError);
      expect((failure as AssertionError).message).toContain(says);
    });
  }
});

describe("rejectsWithCode answers the error", () => {
  it("of a promise, of an async function and of a function that throws", async () => {
    const actions = [
      Promise.reject(denied),
      () => Promise.reject(denied),
      () => {
        throw denied;
      },
    ];
    for (const action of actions) expect(await rejectsWithCode(action, "SEAL_DENIED")).toBe(denied);
  });
});
