// SPDX-License-Identifier: Apache-2.0
import { type Seal, type SealCall, SealError, type SealErrorCode } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HealthMonitor } from "../../src/seals/health/health-monitor.ts";
import { type HealthState, SealHealth } from "../../src/seals/health/seal-health.ts";
import { watchedSeal } from "../../src/seals/health/watched-seal.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function error(code: SealErrorCode, options: { final?: boolean } = {}): SealError {
  return new SealError(code, `it said ${code}`, options);
}

describe("the health of a seal", () => {
  it("is untried until something was asked of it, and counts as healthy", () => {
    expect(new SealHealth(SECOND).report).toEqual({ state: "untried", healthy: true });
  });

  it.each<[SealErrorCode, HealthState, boolean]>([
    ["SEAL_UNAVAILABLE", "unavailable", false],
    ["SEAL_TIMEOUT", "unavailable", false],
    ["SEAL_PLUGIN_UNAVAILABLE", "unavailable", false],
    ["SEAL_CONFIG", "unavailable", false],
    ["SEAL_THROTTLED", "degraded", true],
    ["SEAL_DENIED", "denied", false],
    ["SEAL_KEY_DISABLED", "key disabled", false],
    ["SEAL_KEY_MISSING", "key disabled", false],
  ])("after %s is %s", (code, state, healthy) => {
    const health = new SealHealth(SECOND, () => 5);
    health.failed("wrap", error(code));
    expect(health.report).toEqual({ state, healthy, reason: `it said ${code}`, code, since: new Date(5) });
  });

  it("is unavailable after an error that is no seal's", () => {
    const health = new SealHealth(SECOND);
    health.failed("unwrap", new Error("a defect"));
    expect(health.report).toMatchObject({ state: "unavailable", reason: "a defect" });
    expect(health.report.code).toBeUndefined();
  });

  it("does not suffer from a blob that another key wrapped", () => {
    const health = new SealHealth(SECOND);
    health.failed("unwrap", error("SEAL_BAD_CIPHERTEXT"));
    expect(health.report.state).toBe("untried");
  });

  it("keeps a wrap that is denied in mind however often it unwraps, and the time when that began", () => {
    let now = 1;
    const health = new SealHealth(SECOND, () => now);
    health.failed("wrap", error("SEAL_DENIED"));
    now = 9;
    health.answered("unwrap", 1);
    health.failed("wrap", error("SEAL_DENIED"));
    expect(health.report).toMatchObject({ state: "denied", since: new Date(1), lastGood: new Date(9) });
    health.answered("wrap", 1);
    expect(health.report).toEqual({ state: "healthy", healthy: true, lastGood: new Date(9) });
  });

  it("is degraded while calls are slow", () => {
    const health = new SealHealth(SECOND);
    health.answered("wrap", SECOND + 1);
    expect(health.report).toMatchObject({
      state: "degraded",
      healthy: true,
      reason: "calls take longer than 1000 ms",
    });
    health.answered("wrap", 1);
    expect(health.report.state).toBe("healthy");
  });

  it("is unavailable where its answers are wrong, until a round trip comes out right", () => {
    const health = new SealHealth(SECOND);
    health.answered("wrap", 1);
    health.answered("unwrap", 1);
    health.disproved(error("SEAL_CONFIG"));
    health.answered("unwrap", 1);
    expect(health.report).toMatchObject({ state: "unavailable", healthy: false, code: "SEAL_CONFIG" });
    health.proved();
    expect(health.report.state).toBe("healthy");
  });

  it("tells listeners of each change, once", () => {
    const health = new SealHealth(SECOND);
    const states: HealthState[] = [];
    health.onChange(({ state }) => states.push(state));
    health.failed("wrap", error("SEAL_UNAVAILABLE"));
    health.failed("wrap", error("SEAL_UNAVAILABLE"));
    health.answered("wrap", 1);
    expect(states).toEqual(["unavailable", "healthy"]);
  });
});

describe("a watched seal", () => {
  const seal = (work: (call?: SealCall) => Promise<never>): Seal => ({
    type: "x",
    wrap: (_, call) => work(call),
    unwrap: (_, call) => work(call),
    close: async () => undefined,
  });

  it("tells its health of a failure, and passes it on", async () => {
    const health = new SealHealth(SECOND);
    const watched = watchedSeal(
      seal(() => Promise.reject(error("SEAL_DENIED"))),
      health,
    );
    await rejectsWithCode(watched.unwrap({ ciphertext: new Uint8Array(1) }), "SEAL_DENIED");
    expect(health.report.state).toBe("denied");
  });

  it("is not blamed for a call that its caller gave up", async () => {
    const health = new SealHealth(SECOND);
    const watched = watchedSeal(
      seal(() => Promise.reject(error("SEAL_TIMEOUT"))),
      health,
    );
    await rejectsWithCode(watched.wrap(new Uint8Array(1), { signal: AbortSignal.abort() }), "SEAL_TIMEOUT");
    expect(health.report.state).toBe("untried");
  });
});

describe("the monitor of seals", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A monitor of one seal whose round trips go as `outcome` says. */
  function monitored(random = () => 0.5) {
    const health = new SealHealth(SECOND);
    const state: { failure?: SealError; hang?: Promise<never> } = {};
    const prove = vi.fn(async () => {
      await state.hang;
      if (state.failure !== undefined) {
        health.failed("wrap", state.failure);
        throw state.failure;
      }
      health.answered("wrap", 1);
      health.answered("unwrap", 1);
    });
    const monitor = new HealthMonitor({ healthy: 10 * MINUTE, unhealthy: MINUTE }, random);
    const seal = { name: "a", health, prove };
    monitor.add(seal);
    return { monitor, seal, health, prove, state };
  }

  it("tries a seal within the first minute, then every ten minutes", async () => {
    const { prove, monitor } = monitored();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(prove).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(30 * MINUTE);
    expect(prove).toHaveBeenCalledTimes(4);
    monitor.stop();
  });

  it("takes fresh traffic for a try", async () => {
    const { prove, health, monitor } = monitored();
    health.answered("wrap", 1);
    health.answered("unwrap", 1);
    await vi.advanceTimersByTimeAsync(9 * MINUTE);
    expect(prove).not.toHaveBeenCalled();
    monitor.stop();
  });

  it("does not take unwraps alone for a try", async () => {
    const { prove, health, monitor } = monitored();
    health.answered("unwrap", 1);
    await vi.advanceTimersByTimeAsync(11 * MINUTE);
    expect(prove).toHaveBeenCalledTimes(1);
    monitor.stop();
  });

  it("tries every minute while the seal is not healthy, and stops that when it is", async () => {
    const { prove, health, state, monitor } = monitored();
    await vi.advanceTimersByTimeAsync(MINUTE);
    state.failure = error("SEAL_UNAVAILABLE");
    health.failed("wrap", state.failure);
    await vi.advanceTimersByTimeAsync(5 * MINUTE + SECOND);
    expect(prove).toHaveBeenCalledTimes(6);
    delete state.failure;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(health.report.state).toBe("healthy");
    await vi.advanceTimersByTimeAsync(9 * MINUTE);
    expect(prove).toHaveBeenCalledTimes(7);
    monitor.stop();
  });

  it("reports a round trip that comes out wrong though every call was answered", async () => {
    const { health, prove, monitor } = monitored();
    prove.mockImplementation(async () => {
      health.answered("wrap", 1);
      health.answered("unwrap", 1);
      throw error("SEAL_CONFIG");
    });
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(health.report).toMatchObject({ state: "unavailable", reason: "it said SEAL_CONFIG" });
    monitor.stop();
  });

  it("does not try again what could lock a token", async () => {
    const { prove, health, monitor } = monitored();
    health.failed("unwrap", error("SEAL_DENIED", { final: true }));
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(prove).not.toHaveBeenCalled();
    monitor.stop();
  });

  it("spreads its tries by a tenth to both sides", async () => {
    const early = monitored(() => 0);
    await vi.advanceTimersByTimeAsync(27 * SECOND);
    expect(early.prove).toHaveBeenCalledTimes(1);
    early.monitor.stop();
    const late = monitored(() => 0.999);
    await vi.advanceTimersByTimeAsync(32 * SECOND);
    expect(late.prove).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(SECOND);
    expect(late.prove).toHaveBeenCalledTimes(1);
    late.monitor.stop();
  });

  it("tries again soon when told to, and leaves no timer when stopped", async () => {
    const { prove, health, state, monitor } = monitored();
    await vi.advanceTimersByTimeAsync(MINUTE);
    health.failed("wrap", error("SEAL_TIMEOUT"));
    const hang = Promise.withResolvers<never>();
    state.hang = hang.promise;
    monitor.trySoon();
    await vi.advanceTimersByTimeAsync(33 * SECOND);
    expect(prove).toHaveBeenCalledTimes(2);
    monitor.stop();
    hang.reject(error("SEAL_UNAVAILABLE"));
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(health.report.code).toBe("SEAL_TIMEOUT");
  });

  it("forgets a seal that is taken out", async () => {
    const { prove, monitor, seal } = monitored();
    monitor.remove(seal);
    await vi.advanceTimersByTimeAsync(20 * MINUTE);
    expect(prove).not.toHaveBeenCalled();
  });
});
