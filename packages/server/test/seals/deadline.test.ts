// SPDX-License-Identifier: Apache-2.0
import { abandonable, type Seal } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { expect, test } from "vitest";
import { withDeadline } from "../../src/seals/deadline.ts";

const never = new Promise<never>(() => {});
const blob = { ciphertext: new Uint8Array(1) };
let closed = 0;

/** A seal whose service never answers. */
const hanging: Seal = {
  type: "hanging",
  wrap: (_plaintext, call) => abandonable(never, call?.signal, "wrapping"),
  unwrap: (_blob, call) => abandonable(never, call?.signal, "unwrapping"),
  async close() {
    closed++;
  },
};

test("a call that is not answered is SEAL_TIMEOUT at the deadline", async () => {
  const seal = withDeadline(hanging, 30);
  const start = performance.now();
  await Promise.all([
    rejectsWithCode(seal.wrap(new Uint8Array(1)), "SEAL_TIMEOUT"),
    rejectsWithCode(seal.unwrap(blob), "SEAL_TIMEOUT"),
  ]);
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("a call whose own signal aborts first is SEAL_TIMEOUT then", async () => {
  const controller = new AbortController();
  const pending = withDeadline(hanging, 600_000).wrap(new Uint8Array(1), { signal: controller.signal });
  controller.abort();
  await rejectsWithCode(pending, "SEAL_TIMEOUT");
});

test("answers, additional data and close pass through", async () => {
  const seen: unknown[] = [];
  const seal = withDeadline(
    {
      ...hanging,
      async wrap(plaintext, call) {
        seen.push(plaintext.length, call?.aad);
        return blob;
      },
    },
    1_000,
  );
  expect(await seal.wrap(new Uint8Array(3), { aad: new Uint8Array(2) })).toBe(blob);
  await seal.close();
  expect([seal.type, seen, closed]).toEqual(["hanging", [3, new Uint8Array(2)], 1]);
});
