// SPDX-License-Identifier: Apache-2.0
import { plugin } from "@sealwright/plugin-static";
import { type Seal, SealError, type SealErrorCode } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { Measurements } from "../../src/metrics/measurements.ts";
import { timedSeal } from "../../src/metrics/timed-seal.ts";

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
  const timed = timedSeal(seal, measurements, () => now);
  const unreachable = () => measurements.gauges.find(({ name }) => name === "seal.unreachable.time")!.series[0]!.value;
  const tick = (milliseconds: number): void => {
    now += milliseconds;
  };
  const fail = (code: SealErrorCode | undefined): void => {
    failure = code;
  };
  return { timed, measurements, unreachable, tick, fail };
}

describe("a measured seal", () => {
  it("answers as the seal does, and its calls stand under all seals and under its type", async () => {
    const { timed, measurements } = await watched();
    const blob = await timed.wrap(Buffer.from("secret"));
    expect(Buffer.from(await timed.unwrap(blob)).toString()).toBe("secret");
    for (const name of ["seal.encrypt.time", "seal.static.encrypt.time"]) {
      expect(measurements.sample(name, "")).toMatchObject({ count: 1, sum: 30 });
    }
    expect(measurements.counter("seal.static.decrypt", "").total).toBe(1);
    expect(measurements.counter("seal.encrypt.error", "").total).toBe(0);
  });

  it.each(["SEAL_UNAVAILABLE", "SEAL_TIMEOUT", "SEAL_THROTTLED"] as const)(
    "is unreachable from its first %s until it answers again",
    async (code) => {
      const { timed, measurements, unreachable, tick, fail } = await watched();
      fail(code);
      await rejectsWithCode(timed.wrap(Buffer.from("a")), code);
      tick(1_000);
      await rejectsWithCode(timed.wrap(Buffer.from("a")), code);
      expect(unreachable()).toBe(1_060);
      expect(measurements.counter("seal.static.encrypt.error", "").total).toBe(2);
      fail(undefined);
      await timed.wrap(Buffer.from("a"));
      expect(unreachable()).toBe(0);
    },
  );

  it("is not unreachable where it refuses: that is an answer", async () => {
    const { timed, unreachable, tick, fail } = await watched();
    fail("SEAL_DENIED");
    await rejectsWithCode(timed.wrap(Buffer.from("a")), "SEAL_DENIED");
    tick(1_000);
    expect(unreachable()).toBe(0);
  });
});
