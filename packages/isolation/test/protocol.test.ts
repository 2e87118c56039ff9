// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import { toError, toFailure } from "../src/protocol.ts";

describe("an error that crosses the channel", () => {
  it("keeps its code, its advice, whether it is final, and the text of its cause", () => {
    const cause = new Error("slot 3 is empty");
    const sent = new SealError("SEAL_DENIED", "the PIN was refused", { final: true, advice: "reset the PIN", cause });
    const got = toError(structuredClone(toFailure(sent)));
    expect(got).toMatchObject({ code: "SEAL_DENIED", message: sent.message, final: true, advice: "reset the PIN" });
    expect((got.cause as Error).message).toContain("slot 3 is empty");
  });

  it("is SEAL_UNAVAILABLE without its own words where it is no seal's error", () => {
    const got = toError(toFailure(new TypeError("x of undefined")));
    expect(got).toMatchObject({ code: "SEAL_UNAVAILABLE", final: false });
    expect(got.message).not.toContain("undefined");
  });
});
