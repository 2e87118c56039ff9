// SPDX-License-Identifier: Apache-2.0
import { isSealError, SEAL_ERRORS, SealError, type SealErrorCode } from "@sealwright/seal";
import { describe, expect, it } from "vitest";

const codes = Object.keys(SEAL_ERRORS) as SealErrorCode[];

describe("isSealError is false for", () => {
  const impostors: [string, unknown][] = [
    ["an error of Node", Object.assign(new Error("x"), { code: "ENOENT" })],
    ["an error that only has the code", Object.assign(new Error("x"), { code: "SEAL_DENIED" })],
    [
      "an error with the name and an unknown code",
      Object.assign(new Error("x"), { name: "SealError", code: "SEAL_X" }),
    ],
    ["an error with the name and no code", Object.assign(new Error("x"), { name: "SealError" })],
    ["an inherited property as code", Object.assign(new Error("x"), { name: "SealError", code: "toString" })],
    ["an object that is no error", { name: "SealError", code: "SEAL_DENIED" }],
    ["a text", "SEAL_DENIED"],
    ["nothing", undefined],
    ["null", null],
  ];
  for (const [title, value] of impostors) it(title, () => expect(isSealError(value)).toBe(false));

  it("a seal error of another code than the one asked for", () => {
    expect(isSealError(new SealError("SEAL_DENIED", "x"), "SEAL_TIMEOUT")).toBe(false);
  });
});

describe("the error table", () => {
  it("holds the codes of the contract, of which only the first three are worth a retry", () => {
    expect(codes.filter((code) => SEAL_ERRORS[code].retry)).toEqual([
      "SEAL_UNAVAILABLE",
      "SEAL_THROTTLED",
      "SEAL_TIMEOUT",
    ]);
    expect(codes.filter((code) => !SEAL_ERRORS[code].retry)).toEqual([
      "SEAL_DENIED",
      "SEAL_KEY_MISSING",
      "SEAL_KEY_DISABLED",
      "SEAL_BAD_CIPHERTEXT",
      "SEAL_CONFIG",
      "SEAL_PLUGIN_UNAVAILABLE",
    ]);
  });

  for (const code of codes) {
    it(`${code} becomes an error that knows its advice and whether to retry`, () => {
      const cause = new Error("inner");
      const error = new SealError(code, "what happened", { cause });
      expect(error).toMatchObject({ name: "SealError", code, message: "what happened", cause });
      expect([error.retryable, error.advice]).toEqual([SEAL_ERRORS[code].retry, SEAL_ERRORS[code].advice]);
      expect(isSealError(error)).toBe(true);
      expect(isSealError(error, code)).toBe(true);
    });
  }

  it("gives way to the advice of whoever threw it, which is shown in its place", () => {
    expect(new SealError("SEAL_CONFIG", "x", { advice: "give token_serial" }).advice).toBe("give token_serial");
  });

  it("recognises an error of another copy of the module by its name and code", () => {
    const foreign = Object.assign(new Error("x"), { name: "SealError", code: "SEAL_DENIED" });
    expect(isSealError(foreign, "SEAL_DENIED")).toBe(true);
  });
});
