// SPDX-License-Identifier: Apache-2.0
import { addressText, isLoopback } from "@sealwright/seal";
import { expect, test } from "vitest";

const EXAMPLE = "https://kms.example.com";
const address = addressText(EXAMPLE, ["https:", "http:"]);

test.each([
  ["no URL", "kms.example.com:443"],
  ["of another protocol", "ftp://kms.example.com"],
  ["with a user", "https://user@kms.example.com"],
  ["with a password", "https://:secret@kms.example.com"],
  ["with a query", "https://kms.example.com/?key=1"],
  ["with a fragment", "https://kms.example.com/#1"],
  ["empty", ""],
])("an address is refused that is %s, with an example of one", (_what, text) => {
  const { success, error } = address.safeParse(text);
  expect([success, error?.issues[0]?.message]).toEqual([false, `expected an address such as ${EXAMPLE}`]);
});

test("an address without TLS is refused where only https: is taken", () => {
  expect(addressText(EXAMPLE, ["https:"]).safeParse("http://127.0.0.1").success).toBe(false);
});

test("an address is given as it was written, without a trailing slash", () => {
  expect(address.parse("http://[::1]:8200/base/")).toBe("http://[::1]:8200/base");
});

test.each(["https://127.example.com", "https://localhost.example.com", "http://10.0.0.1:8200", "http://[::2]"])(
  "%s is not on this machine",
  (text) => expect(isLoopback(text)).toBe(false),
);

test.each(["http://localhost:8200", "http://127.0.0.1", "https://127.1.2.3:1/base", "http://[::1]:8200"])(
  "%s is on this machine",
  (text) => expect(isLoopback(text)).toBe(true),
);
