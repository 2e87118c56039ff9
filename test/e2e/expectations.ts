// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import type { Finished } from "../support/command.ts";

const LOG_LINE = /^\d{4}-\d\d-\d\dT\S+ \[(?:INFO|WARN)\]/;

/**
 * The one sentence, besides its log, with which a server that could not start ended: on standard error, with exit code 1
 * and without a stack trace.
 */
export function refusalOf({ code, stderr }: Finished): string {
  const lines = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !LOG_LINE.test(line));
  expect({ code, lines }).toEqual({ code: 1, lines: [expect.any(String)] });
  const [sentence = ""] = lines;
  expect(sentence).not.toMatch(/^\s+at |Error: |undefined|\[object/);
  return sentence;
}

/** Fails when one of `secrets` stands in `output`: as it is, or in the other usual encodings of the same bytes. */
export function expectNoneIn(output: string, secrets: readonly string[]): void {
  expect(secrets.length).toBeGreaterThan(0);
  const forms = secrets.flatMap((secret) => [
    secret,
    secret.toUpperCase(),
    Buffer.from(secret, "utf8").toString("base64").replace(/=+$/, ""),
    ...(/^[0-9a-f]{16,}$/.test(secret) ? [Buffer.from(secret, "hex").toString("base64")] : []),
  ]);
  expect(forms.filter((form) => output.includes(form))).toEqual([]);
}
