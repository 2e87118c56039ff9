// SPDX-License-Identifier: Apache-2.0
import { quotedKeyId } from "@sealwright/seal";
import { expect, test } from "vitest";

test("a key id that would break out of a message's line is quoted", () => {
  expect(quotedKeyId('v1"\nforged line\u001b[2J')).toBe('"v1\\"\\nforged line\\u001b[2J"');
});

test("a key id is cut after 200 characters", () => {
  expect(quotedKeyId("k".repeat(200))).toBe(`"${"k".repeat(200)}"`);
  expect(quotedKeyId("k".repeat(201))).toBe(`"${"k".repeat(200)}…"`);
});
