// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, it } from "vitest";
import { checkErrorTable } from "../../../test/support/seal-docs.ts";
import { plugin } from "../src/index.ts";

describe("docs/seals/shamir.md", () => {
  it("shows the errors that the plugin gives", async () => {
    const key = randomBytes(32);
    const numbers = [
      { shares: 256, threshold: 3 },
      { shares: 3, threshold: 4 },
      { shares: 3, threshold: 1 },
    ];
    const [one, two] = (await plugin.split(key, { shares: 2, threshold: 2 })) as [Uint8Array, Uint8Array];
    const sets = [
      [one, two.slice(2), two],
      [one, two, one],
      [Uint8Array.from(one, (byte, index) => (index === 32 ? 0 : byte)), two, two],
    ];
    const blob = await plugin.open(randomBytes(32)).wrap(key);
    checkErrorTable("shamir", [
      ...(await Promise.all(numbers.map((each) => rejectsWithCode(plugin.split(key, each), "SEAL_CONFIG")))),
      ...(await Promise.all(sets.map((shares) => rejectsWithCode(plugin.combine(shares), "SEAL_BAD_CIPHERTEXT")))),
      await rejectsWithCode(plugin.open(key).unwrap(blob), "SEAL_BAD_CIPHERTEXT"),
    ]);
  });
});
