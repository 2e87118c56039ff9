// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Contender, race } from "../../src/seals/open-race.ts";

const HEAD_START = 500;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One that answers its name after so long, or fails; it notes when it began and whether it was abandoned. */
function contender(name: string, milliseconds: number, fails = false) {
  const it = {
    name,
    began: undefined as number | undefined,
    abandoned: false,
    async run(signal: AbortSignal): Promise<string> {
      it.began = Date.now();
      signal.addEventListener("abort", () => {
        it.abandoned = true;
      });
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      if (fails) throw new Error(`${name} failed`);
      return name;
    },
  };
  return it;
}

function run(contenders: readonly Contender<string>[], signal = new AbortController().signal) {
  const failed: string[] = [];
  const dropped: string[] = [];
  const begun = Date.now();
  const result = race(contenders, {
    headStartMilliseconds: HEAD_START,
    signal,
    onFailure: (name) => void failed.push(name),
    drop: (late) => void dropped.push(late),
  });
  return { result, failed, dropped, begun };
}

describe("a race", () => {
  it("asks only the first where it answers within its head start", async () => {
    const [a, b] = [contender("a", HEAD_START - 1), contender("b", 0)];
    const { result } = run([a, b]);
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ name: "a", value: "a" });
    expect(b.began).toBeUndefined();
  });

  it("takes whoever answers first, abandons the others, and drops what comes too late", async () => {
    const [a, b, c] = [contender("a", 2_000), contender("b", 100), contender("c", 0)];
    const { result, dropped, begun } = run([a, b, c]);
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ name: "b", value: "b" });
    expect(b.began! - begun).toBe(HEAD_START);
    expect([a.abandoned, c.began]).toEqual([true, undefined]);
    expect(dropped).toEqual(["a"]);
  });

  it("lets the next one begin at once where one fails, and tells of the failure", async () => {
    const [a, b] = [contender("a", 10, true), contender("b", 0)];
    const { result, failed, begun } = run([a, b]);
    await vi.runAllTimersAsync();
    expect(await result).toMatchObject({ name: "b" });
    expect(b.began! - begun).toBe(10);
    expect(failed).toEqual(["a"]);
  });

  it("is nobody's where all fail, the slow ones too", async () => {
    const { result, failed } = run([contender("a", 900, true), contender("b", 10, true), contender("c", 5, true)]);
    await vi.runAllTimersAsync();
    expect(await result).toBeUndefined();
    expect(failed.sort()).toEqual(["a", "b", "c"]);
  });

  it("still goes to a slow one where all others have failed", async () => {
    const { result } = run([contender("a", 5_000), contender("b", 1, true)]);
    await vi.runAllTimersAsync();
    expect(await result).toMatchObject({ name: "a" });
  });

  it("is nobody's where there is nobody", async () => {
    expect(await run([]).result).toBeUndefined();
  });

  it("abandons everybody where the caller gives up", async () => {
    const controller = new AbortController();
    const a = contender("a", 100, true);
    const { result } = run([a], controller.signal);
    controller.abort();
    expect(a.abandoned).toBe(true);
    await vi.runAllTimersAsync();
    expect(await result).toBeUndefined();
  });
});
