// SPDX-License-Identifier: Apache-2.0
import { plugin } from "@sealwright/plugin-static";
import { type Seal, SealError, type SealErrorCode } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { Measurements } from "../../src/metrics/measurements.ts";
import { timedSeal } from "../../src/metrics/timed-seal.ts";

const LABELS = { name: "a", type: "static" };

async function watched() {
  const config = {
    current_key: new Uint8Array(32),
    current_key_id: "k",
    previous_key: undefined,
    previous_key_id: undefined,
  };
  const inner = await plugin.open(config, { log: () => {} });
  let now = 0;
  let failure: SealErrorCode | undefined;
  const seal: Seal = {
    type: "static",
    async wrap(plaintext, call) {
      now += 30;
      if (failure !== undefined) throw new SealError(failure, "no");
      return inner.wrap(plaintext, call);
    },
    unwrap: (blob, call) => inner.unwrap(blob, call),
    close: () => inner.close(),
  };
  const measurements = new Measurements();
  const timed = timedSeal(seal, measurements, { name: "a", type: "static" }, () => now);
  const fail = (code: SealErrorCode | undefined): void => {
    failure = code;
  };
  return { timed, measurements, fail };
}

describe("a measured seal", () => {
  it("answers as the seal does, and its calls stand under all seals and under its type", async () => {
    const { timed, measurements } = await watched();
    const blob = await timed.wrap(Buffer.from("secret"));
    expect(Buffer.from(await timed.unwrap(blob)).toString()).toBe("secret");
    for (const name of ["seal.encrypt.time", "seal.static.encrypt.time"]) {
      expect(measurements.sample(name, "", LABELS)).toMatchObject({ count: 1, sum: 30 });
    }
    expect(measurements.counter("seal.static.decrypt", "", LABELS).total).toBe(1);
    expect(measurements.counter("seal.encrypt.error", "", LABELS).total).toBe(0);
  });

  it("counts failures apart", async () => {
    const { timed, measurements, fail } = await watched();
    fail("SEAL_DENIED");
    await rejectsWithCode(timed.wrap(Buffer.from("a")), "SEAL_DENIED");
    expect(measurements.counter("seal.static.encrypt.error", "", LABELS).total).toBe(1);
    expect(measurements.counter("seal.encrypt", "", LABELS).total).toBe(1);
  });
});
