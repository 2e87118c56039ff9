// SPDX-License-Identifier: Apache-2.0
import { CoreError } from "@sealwright/core";
import { SealError } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import { createLog } from "../../src/runtime/log.ts";
import { unsealFailureLog } from "../../src/runtime/unseal-failure-log.ts";

const MINUTE = 60_000;

/** A log of failures at times that the test gives. */
function failures() {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "standard", write: (line) => lines.push(line) });
  let time = 0;
  const onFailure = unsealFailureLog(log, () => time);
  const fail = (at: number, error: CoreError | SealError, nextTry?: Date): void => {
    time = at;
    const since = new Date(0);
    onFailure({ code: error.code, reason: error.message, since, ...(nextTry && { nextTry }) }, error);
  };
  return { lines, fail };
}

describe("the log of failed attempts to unseal", () => {
  it("shows the cause, which no response does", () => {
    const { lines, fail } = failures();
    fail(0, new SealError("SEAL_UNAVAILABLE", "no such token", { cause: new Error('slot 3 has "other"') }));
    expect(lines[0]).toContain("still sealed: no such token");
    expect(lines[0]).toContain("slot 3 has");
  });

  it.each([
    new CoreError("WRONG_SEAL", "another key"),
    new CoreError("ENTRY_CORRUPT", "the entry core/keyring was altered"),
    new SealError("SEAL_DENIED", "no right to decrypt"),
  ])("says %s once, and again after ten minutes", (error) => {
    const { lines, fail } = failures();
    for (const at of [0, 1, 5 * MINUTE, 10 * MINUTE - 1]) fail(at, error);
    expect(lines).toHaveLength(1);
    fail(10 * MINUTE, error);
    fail(11 * MINUTE, error);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain(`still sealed: ${error.message}`);
  });

  it("says another reason at once, and the first one again when it is back", () => {
    const { lines, fail } = failures();
    fail(0, new CoreError("WRONG_SEAL", "another key"));
    fail(1, new SealError("SEAL_DENIED", "no right to decrypt"));
    fail(2, new CoreError("WRONG_SEAL", "another key"));
    expect(lines).toHaveLength(3);
  });

  it("says every attempt that an outage made fail, since the next one may succeed", () => {
    const { lines, fail } = failures();
    for (const at of [0, 1, 2]) fail(at, new SealError("SEAL_UNAVAILABLE", "no route"), new Date(1_000));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("next_try=1970-01-01T00:00:01.000Z");
  });

  it("names no next try where there is none", () => {
    const { lines, fail } = failures();
    fail(0, new SealError("SEAL_DENIED", "the PIN is wrong", { final: true }));
    expect(lines[0]).not.toContain("next_try");
  });
});
