// SPDX-License-Identifier: Apache-2.0
/** Several calls at a time: how many, in which order, and what becomes of them when the process goes. */
import { readFile } from "node:fs/promises";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it, vi } from "vitest";
import { gone, openFake } from "./support/fake.ts";

describe("calls in parallel", () => {
  it("are as many as the plugin takes, and the others wait in turn", async () => {
    const fake = await openFake({ maxParallel: 2 });
    const began = (): number => fake.logged.filter((line) => line === "info: began").length;
    const calls = Array.from({ length: 5 }, () => fake.tell("slow 200"));
    await vi.waitFor(() => expect(began()).toBe(2));
    expect(fake.seal.status).toMatchObject({ underWay: 2, waiting: 3 });
    await Promise.all(calls);
    expect(began()).toBe(5);
    expect(fake.seal.status).toMatchObject({ underWay: 0, waiting: 0 });
  });

  it("with one and the same plaintext each have it until they are done", async () => {
    const { seal } = await openFake({ maxParallel: 8 });
    const text = Buffer.from("late 50");
    const blobs = await Promise.all(Array.from({ length: 8 }, () => seal.wrap(text)));
    for (const { ciphertext } of blobs) expect(Buffer.from(ciphertext)).toEqual(text);
    expect(text.toString()).toBe("late 50");
  });

  it("beyond the queue's bound are SEAL_THROTTLED at once, and those in the queue are served", async () => {
    const fake = await openFake({ maxParallel: 1, maxWaiting: 2 });
    const calls = [fake.tell("slow 200"), fake.tell("pid"), fake.tell("pid")];
    const error = await rejectsWithCode(fake.tell("pid"), "SEAL_THROTTLED");
    expect(error.message).toContain("2 wait for their turn");
    await Promise.all(calls);
    expect(await fake.tell("still here")).toBe("still here");
  });

  it("that were abandoned in the queue take up no room in it", async () => {
    const fake = await openFake({ maxParallel: 1, maxWaiting: 1 });
    const slow = fake.tell("slow 200");
    const controller = new AbortController();
    const abandoned = rejectsWithCode(fake.tell("pid", controller.signal), "SEAL_TIMEOUT");
    controller.abort();
    await abandoned;
    const next = fake.tell("pid");
    expect(await slow).toBe(await next);
  });

  it("that were abandoned under way keep their place until the plugin is done with them", async () => {
    const fake = await openFake({ maxParallel: 2 });
    const controller = new AbortController();
    const abandoned = rejectsWithCode(fake.tell("slow 300", controller.signal), "SEAL_TIMEOUT");
    await vi.waitFor(() => expect(fake.logged).toContain("info: began"));
    controller.abort();
    await abandoned;
    expect(fake.seal.status.underWay).toBe(1);
    expect(await fake.tell("not held up")).toBe("not held up");
    await vi.waitFor(() => expect(fake.seal.status.underWay).toBe(0));
  });

  it("all fail with SEAL_UNAVAILABLE when the process crashes, and those behind them go to the next process", async () => {
    const fake = await openFake({ maxParallel: 3 });
    const first = await fake.tell("pid");
    const calls = [fake.tell("slow 60000"), fake.tell("slow 60000"), fake.tell("crash"), fake.tell("pid")];
    const [one, two, three, behind] = await Promise.allSettled(calls);
    for (const call of [one, two, three]) expect(call).toMatchObject({ reason: { code: "SEAL_UNAVAILABLE" } });
    expect(behind).toMatchObject({ status: "fulfilled" });
    expect(behind).not.toMatchObject({ value: first });
    expect(fake.seal.status.started).toBe(2);
  });

  it("past its deadline only one is SEAL_TIMEOUT; the others under way are SEAL_UNAVAILABLE", async () => {
    const fake = await openFake({ maxParallel: 2, deadlineMs: 1_500 });
    const hanging = fake.tell("slow 60000");
    await vi.waitFor(() => expect(fake.logged).toContain("info: began"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const other = fake.tell("slow 60000");
    await rejectsWithCode(hanging, "SEAL_TIMEOUT");
    await rejectsWithCode(other, "SEAL_UNAVAILABLE");
    expect(await fake.tell("again")).toBe("again");
  });
});

describe("a process", () => {
  it("that holds more memory than its limit is replaced once its calls are done, and none fails", async () => {
    const fake = await openFake({ maxParallel: 2, memoryLimitBytes: 256 << 20 });
    const slow = fake.tell("slow 3000");
    await vi.waitFor(() => expect(fake.logged).toContain("info: began"));
    const pid = Number(await fake.tell("hoard 300"));
    await vi.waitFor(() => expect(fake.logged.join()).toContain("256 are the limit"), { timeout: 5_000 });
    const next = await fake.tell("pid");
    expect(Number(next)).not.toBe(pid);
    expect(Number(await slow)).toBe(pid);
    await gone(pid);
    expect(fake.logged.join()).not.toContain("another is started");
  });

  it("that its plugin calls beyond repair is replaced, saying why", async () => {
    const fake = await openFake();
    const pid = Number(await fake.tell("replace worn-out"));
    await vi.waitFor(() =>
      expect(fake.logged).toContain(`warn: process ${pid} of the fake seal is replaced: worn-out`),
    );
    expect(Number(await fake.tell("pid"))).not.toBe(pid);
    await gone(pid);
  });

  it("leaves no core dump", async () => {
    const fake = await openFake();
    const limits = await readFile(`/proc/${await fake.tell("pid")}/limits`, "utf8");
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
  });

  it("has a thread for each call that it may work on", async () => {
    const fake = await openFake({ maxParallel: 32, env: { ...process.env, UV_THREADPOOL_SIZE: "8" } });
    expect(await fake.tell("env UV_THREADPOOL_SIZE")).toBe("32");
    const other = await openFake({ maxParallel: 2, env: { ...process.env, UV_THREADPOOL_SIZE: "64" } });
    expect(await other.tell("env UV_THREADPOOL_SIZE")).toBe("64");
  });
});
