// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { abandonable, SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

describe("abandonable", () => {
  it("rejects with SEAL_TIMEOUT at once when the signal aborts, naming the work and keeping the reason", async () => {
    const controller = new AbortController();
    const work = Promise.withResolvers<string>();
    const call = abandonable(work.promise, controller.signal, "unwrapping the key");
    const reason = new Error("deadline");
    controller.abort(reason);
    const error = await rejectsWithCode(call, "SEAL_TIMEOUT");
    expect(error.message).toContain("unwrapping the key");
    expect(error.cause).toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("rejects with SEAL_TIMEOUT for a signal that was aborted before, although the work is done", async () => {
    const dropped: string[] = [];
    const call = abandonable(Promise.resolve("key"), AbortSignal.abort(), "x", (late) => dropped.push(late));
    await rejectsWithCode(call, "SEAL_TIMEOUT");
    expect(dropped).toEqual(["key"]);
  });

  it("hands a late answer over to be wiped, once", async () => {
    const controller = new AbortController();
    const work = Promise.withResolvers<string>();
    const dropped: string[] = [];
    const call = abandonable(work.promise, controller.signal, "x", (late) => dropped.push(late));
    controller.abort();
    await rejectsWithCode(call, "SEAL_TIMEOUT");
    expect(dropped).toEqual([]);
    work.resolve("late key");
    await work.promise;
    expect(dropped).toEqual(["late key"]);
  });

  it("swallows a late failure", async () => {
    const controller = new AbortController();
    const work = Promise.withResolvers<string>();
    const call = abandonable(work.promise, controller.signal, "x");
    controller.abort();
    work.reject(new Error("late"));
    await rejectsWithCode(call, "SEAL_TIMEOUT");
  });

  it("passes on a failure as it is, and leaves no listener", async () => {
    const { signal } = new AbortController();
    const denied = new SealError("SEAL_DENIED", "no");
    expect(await rejectsWithCode(abandonable(Promise.reject(denied), signal, "x"), "SEAL_DENIED")).toBe(denied);
    expect(listeners(signal)).toBe(0);
  });

  it("passes on an answer, drops nothing and leaves no listener", async () => {
    const controller = new AbortController();
    const dropped: number[] = [];
    const drop = (late: number): void => void dropped.push(late);
    expect(await abandonable(Promise.resolve(1), controller.signal, "x", drop)).toBe(1);
    controller.abort();
    expect(await abandonable(Promise.resolve(2), undefined, "x", drop)).toBe(2);
    expect(dropped).toEqual([]);
    expect(listeners(controller.signal)).toBe(0);
  });
});
