// SPDX-License-Identifier: Apache-2.0
import { ChildProcess, execFileSync } from "node:child_process";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { isSealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openIsolated } from "../src/index.ts";
import { fakeOptions, gone, openFake, readJournal, temporaryFolder } from "./support/fake.ts";

describe("a plugin that ends its process", () => {
  for (const command of ["crash", "exit", "throw-later"]) {
    it(`rejects the call under way with SEAL_UNAVAILABLE and serves the next from a new process: ${command}`, async () => {
      const fake = await openFake();
      const first = await fake.tell("pid");
      const [crashed, waiting] = await Promise.allSettled([fake.tell(command), fake.tell("pid")]);
      expect(crashed).toMatchObject({ status: "rejected", reason: { code: "SEAL_UNAVAILABLE" } });
      expect(waiting).toMatchObject({ status: "fulfilled" });
      expect(await fake.tell("pid")).not.toBe(first);
      expect(await fake.journal()).toHaveLength(2);
    });
  }

  it("waits longer each time before it starts another, and not at all after a call that was answered", async () => {
    const fake = await openFake();
    for (let crash = 0; crash < 3; crash++) await rejectsWithCode(fake.tell("crash"), "SEAL_UNAVAILABLE");
    expect(fake.logged.filter((line) => /in \d+ ms at the earliest/.test(line))).toHaveLength(2);
    expect(await fake.tell("pid")).toMatch(/^\d+$/);
    await rejectsWithCode(fake.tell("crash"), "SEAL_UNAVAILABLE");
    expect(fake.logged.at(-1)).toContain("at the next call");
  });

  it("rejects openIsolated with SEAL_UNAVAILABLE when it happens during open, and starts no other", async () => {
    for (const opening of ["crash", "exit"]) {
      const options = await fakeOptions({ config: { opening } });
      const error = await rejectsWithCode(openIsolated(options), "SEAL_UNAVAILABLE");
      expect(error.message).toContain(opening === "crash" ? "SIGSEGV" : "exit code 3");
      expect(await readJournal(options.journal)).toHaveLength(1);
    }
  });
});

describe("a plugin that does not answer", () => {
  it("past the deadline is SEAL_TIMEOUT, its process is killed, and the next call gets a new one", async () => {
    const fake = await openFake({ deadlineMs: 2_000 });
    const pid = Number(await fake.tell("pid"));
    const error = await rejectsWithCode(fake.tell("hang"), "SEAL_TIMEOUT");
    expect(error.message).toContain("2000 ms");
    await gone(pid);
    expect(Number(await fake.tell("pid"))).not.toBe(pid);
  });

  it("holds up nothing else in the host", async () => {
    const fake = await openFake({ deadlineMs: 2_000 });
    const hanging = fake.tell("hang").catch((error: unknown) => error);
    let turns = 0;
    while (turns < 1_000) {
      await setImmediate();
      turns++;
    }
    expect(await Promise.race([hanging, "still waiting"])).toBe("still waiting");
    expect(isSealError(await hanging, "SEAL_TIMEOUT")).toBe(true);
  });

  it("in its turn makes the callers behind it wait no longer than their own deadline", async () => {
    const fake = await openFake({ deadlineMs: 1_000 });
    const pid = await fake.tell("pid");
    const calls = [fake.tell("slow 700"), fake.tell("slow 700"), fake.tell("pid")];
    const [first, second, third] = await Promise.allSettled(calls);
    expect(first).toMatchObject({ status: "fulfilled" });
    expect(second).toMatchObject({ reason: { code: "SEAL_TIMEOUT" } });
    expect(third).toMatchObject({ reason: { code: "SEAL_TIMEOUT" } });
    expect(await fake.tell("pid")).toBe(pid);
  });

  it("and outlives SIGKILL, stuck in a driver, is left behind, and nobody waits for it", async () => {
    const fake = await openFake({ deadlineMs: 2_000 });
    const pid = Number(await fake.tell("pid"));
    onTestFinished(() => void process.kill(pid, "SIGKILL"));
    const kill = vi.spyOn(ChildProcess.prototype, "kill").mockReturnValue(true);
    await rejectsWithCode(fake.tell("hang"), "SEAL_TIMEOUT");
    expect(Number(await fake.tell("pid"))).not.toBe(pid);
    kill.mockRestore();
    const leftBehind = `warn: process ${pid} of the fake seal does not end and is left behind`;
    await vi.waitFor(() => expect(fake.logged).toContain(leftBehind), { timeout: 5_000 });
    expect(fake.seal.status).toMatchObject({ leftBehind: 1, started: 2 });
  });

  it("during open is SEAL_TIMEOUT, and no process is left", async () => {
    const options = await fakeOptions({ config: { opening: "hang" }, startMs: 1_000 });
    await rejectsWithCode(openIsolated(options), "SEAL_TIMEOUT");
    const [line = ""] = await readJournal(options.journal);
    await gone(Number(line.split(" ")[1]));
  });
});

describe("an aborted call", () => {
  it("is SEAL_TIMEOUT at once, and its process lives on and serves the next", async () => {
    const fake = await openFake();
    const pid = await fake.tell("pid");
    const controller = new AbortController();
    const slow = fake.tell("slow 300", controller.signal);
    const waiting = fake.tell("pid", controller.signal);
    await vi.waitFor(() => expect(fake.logged).toContain("info: began"));
    controller.abort();
    await Promise.all([rejectsWithCode(slow, "SEAL_TIMEOUT"), rejectsWithCode(waiting, "SEAL_TIMEOUT")]);
    expect(await fake.tell("pid")).toBe(pid);
    expect(await fake.journal()).toHaveLength(1);
  });
});

describe("a failure", () => {
  it("crosses with its code and its message, and its cause as text for the log", async () => {
    const fake = await openFake();
    const error = await rejectsWithCode(fake.tell("deny"), "SEAL_DENIED");
    expect(isSealError(error, "SEAL_DENIED")).toBe(true);
    expect(error.message).toBe("the key may not be used");
    expect(error.cause).toMatchObject({ message: "Error: reason 42" });
    expect(await fake.tell("still here")).toBe("still here");
  });

  it("that is no SealError becomes SEAL_UNAVAILABLE, its text kept from the message", async () => {
    const error = await rejectsWithCode((await openFake()).tell("bug"), "SEAL_UNAVAILABLE");
    expect(error.message).not.toContain("s3cret");
    expect(error.cause).toMatchObject({ message: expect.stringContaining("TypeError") });
  });

  it("in the form of an answer beyond all measure is SEAL_PLUGIN_UNAVAILABLE", async () => {
    const fake = await openFake();
    await rejectsWithCode(fake.tell("huge"), "SEAL_PLUGIN_UNAVAILABLE");
    await rejectsWithCode(fake.seal.unwrap({ ciphertext: Buffer.from("huge") }), "SEAL_PLUGIN_UNAVAILABLE");
    expect(await fake.tell("still here")).toBe("still here");
  });

  it("to load the module is SEAL_PLUGIN_UNAVAILABLE, naming it", async () => {
    for (const module of ["@sealwright/plugin-nowhere", new URL("./support/fake.ts", import.meta.url).href]) {
      const error = await rejectsWithCode(openIsolated(await fakeOptions({ module })), "SEAL_PLUGIN_UNAVAILABLE");
      expect(error.message).toContain(module.replace("file://", ""));
    }
  });
});

describe("a final failure", () => {
  it("is remembered: every later call is refused with it, and nothing is opened again", async () => {
    const fake = await openFake();
    const pid = Number(await fake.tell("pid"));
    const calls = await Promise.allSettled([fake.tell("refuse"), fake.tell("pid")]);
    for (const call of calls) expect(call).toMatchObject({ reason: { code: "SEAL_DENIED", final: true } });
    await gone(pid);
    await rejectsWithCode(fake.tell("pid"), "SEAL_DENIED");
    await rejectsWithCode(fake.seal.unwrap({ ciphertext: Buffer.from("pid") }), "SEAL_DENIED");
    expect(await fake.journal()).toHaveLength(1);
  });

  it("is remembered even when nobody waits for the call any more", async () => {
    const fake = await openFake();
    const controller = new AbortController();
    const abandoned = fake.tell("refuse-slowly 200", controller.signal);
    await vi.waitFor(() => expect(fake.logged).toContain("info: began"));
    controller.abort();
    await rejectsWithCode(abandoned, "SEAL_TIMEOUT");
    await rejectsWithCode(fake.tell("pid"), "SEAL_DENIED");
    expect(await fake.journal()).toHaveLength(1);
  });

  it("during open rejects openIsolated with it, after one attempt", async () => {
    const options = await fakeOptions({ config: { opening: "refuse" } });
    expect(await rejectsWithCode(openIsolated(options), "SEAL_DENIED")).toMatchObject({ final: true });
    expect(await readJournal(options.journal)).toHaveLength(1);
  });
});

describe("close", () => {
  it("lets the plugin close its seal, then ends the process; later calls are SEAL_UNAVAILABLE", async () => {
    const fake = await openFake();
    const pid = await fake.tell("pid");
    await fake.seal.close();
    await gone(Number(pid));
    expect(await fake.journal()).toEqual([`open ${pid}`, `close ${pid}`]);
    await rejectsWithCode(fake.tell("pid"), "SEAL_UNAVAILABLE");
  });

  it("ends a process that hangs at once, and rejects the call under way and the one behind it with SEAL_UNAVAILABLE", async () => {
    const fake = await openFake();
    const pid = Number(await fake.tell("pid"));
    const calls = Promise.allSettled([fake.tell("hang"), fake.tell("pid")]);
    // Both are on their way to the process then.
    await setImmediate();
    await fake.seal.close();
    for (const call of await calls) expect(call).toMatchObject({ reason: { code: "SEAL_UNAVAILABLE" } });
    await gone(pid);
    expect(await fake.journal()).toEqual([`open ${pid}`]);
  });

  it("ends a process whose library holds a thread for ever", async () => {
    const pipe = join(await temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const fake = await openFake();
    const pid = Number(await fake.tell("pid"));
    const call = rejectsWithCode(fake.tell(`hang-in-thread ${pipe}`), "SEAL_UNAVAILABLE");
    await fake.seal.close();
    await Promise.all([call, gone(pid)]);
  });
});
