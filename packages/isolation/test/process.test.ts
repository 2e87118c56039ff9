// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { openIsolated, startChild } from "../src/index.ts";
import { fakeOptions, gone, openFake, temporaryFolder } from "./support/fake.ts";

describe("the process of a seal", () => {
  it("is another one than the host's", async () => {
    expect(Number(await (await openFake()).tell("pid"))).not.toBe(process.pid);
  });

  it("carries bytes, additional data and blobs there and back", async () => {
    const { seal } = await openFake();
    const blob = await seal.wrap(Buffer.from([0xff, 0, 1]), { aad: Buffer.from([7]) });
    expect(Buffer.from(blob.iv ?? [])).toEqual(Buffer.from([7]));
    expect(Buffer.from(await seal.unwrap({ ciphertext: Buffer.from("back") })).toString()).toBe("back");
  });

  it("does not see withheld variables or NODE_OPTIONS, and sees the others", async () => {
    const env = { ...process.env, HSM_PIN: "s3cret", HSM_CONF: "/etc/hsm", NODE_OPTIONS: "--inspect=0" };
    const fake = await openFake({ env, withhold: ["HSM_PIN"] });
    expect(await fake.tell("env HSM_PIN")).toBe("not set");
    expect(await fake.tell("env NODE_OPTIONS")).toBe("not set");
    expect(await fake.tell("env HSM_CONF")).toBe("/etc/hsm");
  });

  it("shows nothing of its configuration in command line and environment", async () => {
    const fake = await openFake({ config: { pin: "s3cret-pin" } });
    const pid = await fake.tell("pid");
    for (const file of ["cmdline", "environ"]) {
      expect(await readFile(`/proc/${pid}/${file}`, "utf8")).not.toContain("s3cret-pin");
    }
  });

  it("takes no signal that would open a debugger", async () => {
    expect(await (await openFake()).tell("flags")).toContain("--disable-sigusr1");
  });

  it("outlives the signals that a terminal or service manager sends to the whole group", async () => {
    const fake = await openFake();
    const pid = await fake.tell("pid");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(Number(pid), signal);
    expect(await fake.tell("slow 50")).toBe(pid);
  });

  it("does not stand still when its library prints more than a pipe holds", async () => {
    const fake = await openFake();
    expect(await fake.tell("print")).toBe(await fake.tell("pid"));
  });

  it("passes log lines on", async () => {
    const fake = await openFake();
    await fake.tell("log slow-token");
    expect(fake.logged).toEqual(["warn: slow-token"]);
  });

  it("can be started ahead and is then the one that opens the seal", async () => {
    const options = await fakeOptions();
    const child = startChild(options);
    const seal = await openIsolated({ ...options, child });
    onTestFinished(() => seal.close());
    expect(Buffer.from((await seal.wrap(Buffer.from("pid"))).ciphertext).toString()).toBe(String(child.pid));
  });

  it("that was started ahead and has died meanwhile is replaced", async () => {
    const options = await fakeOptions();
    const child = startChild(options);
    child.kill();
    await child.ended;
    const seal = await openIsolated({ ...options, child });
    onTestFinished(() => seal.close());
    expect(Buffer.from((await seal.wrap(Buffer.from("pid"))).ciphertext).toString()).not.toBe(String(child.pid));
  });

  it("that was started ahead and is not needed goes when it is closed", async () => {
    const child = startChild(await fakeOptions());
    const pid = child.pid ?? 0;
    await child.close();
    await gone(pid);
  });
});

describe("a host that is killed", () => {
  async function killedHost(command: string): Promise<number> {
    const hostFile = fileURLToPath(new URL("./support/fake-host.ts", import.meta.url));
    const host = spawn(process.execPath, ["--conditions=source", hostFile, command], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(host.stdout, "data")) as [Buffer];
    const exited = once(host, "exit");
    host.kill("SIGKILL");
    await exited;
    return Number(line.toString());
  }

  it("takes the seal's process with it", async () => {
    await gone(await killedHost("slow 60000"));
  });

  it("takes it with it even while the library holds a thread", async () => {
    const pipe = join(await temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    await gone(await killedHost(`hang-in-thread ${pipe}`));
  });
});
