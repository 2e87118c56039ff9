// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { start } from "./child/run.ts";
import { type Kept, openKept } from "./child/storage.ts";
import { newFolder } from "./folders.ts";

/** What the lock of this very process says. */
async function ownLock(): Promise<Record<string, unknown>> {
  const path = await newFolder();
  const storage = await openKept("file", path);
  const lock = JSON.parse(await readFile(join(path, ".sealwright/lock"), "utf8"));
  await storage.close();
  return lock;
}

async function folderWithLock(text: string): Promise<string> {
  const path = await newFolder();
  await mkdir(join(path, ".sealwright"));
  await writeFile(join(path, ".sealwright/lock"), text);
  return path;
}

async function writableAgain(path: string): Promise<void> {
  const storage = await openKept("file", path);
  await storage.write([{ op: "put", path: "a", value: new Uint8Array(1) }]);
  expect(await readdir(join(path, ".sealwright"))).toEqual(["lock"]);
  await storage.close();
  expect(await readdir(path)).toEqual(["_a"]);
}

describe.each<Kept>(["file", "lmdb"])("the lock of a %s storage", (type) => {
  it("names the process that holds it, and is free once that was killed", async () => {
    const path = await newFolder();
    const child = start("hold.ts", [type, path]);
    expect(await child.line()).toBe("open");
    const error = await rejectsWithCode(openKept(type, path), "STORAGE_LOCKED");
    expect(error.message).toContain(`process ${child.pid} since ${new Date().getUTCFullYear()}-`);
    expect(error.message).toContain(path);
    await child.kill();
    await (await openKept(type, path)).close();
  });

  it("is free once the process that holds it has closed", async () => {
    const path = await newFolder();
    const child = start("hold.ts", [type, path]);
    expect(await child.line()).toBe("open");
    await child.end();
    expect(await readdir(path)).not.toContain(".sealwright");
    await (await openKept(type, path)).close();
  });

  it("of a dead process is taken over by exactly one of four that start at once", async () => {
    const path = await newFolder();
    const dead = start("hold.ts", [type, path]);
    await dead.line();
    await dead.kill();
    const children = Array.from({ length: 4 }, () => start("hold.ts", [type, path]));
    const answers = await Promise.all(children.map((child) => child.line()));
    expect(answers.sort()).toEqual(["STORAGE_LOCKED", "STORAGE_LOCKED", "STORAGE_LOCKED", "open"]);
    await Promise.all(children.map((child) => child.end()));
  });
});

describe("a lock file", () => {
  it("that names a running process keeps others out, whatever else it says", async () => {
    const lock = await ownLock();
    const path = await folderWithLock(JSON.stringify({ ...lock, since: "2020-01-01T00:00:00Z", more: 1 }));
    expect((await rejectsWithCode(openKept("file", path), "STORAGE_LOCKED")).message).toContain("2020-01-01T00:00:00Z");
    expect(await readdir(join(path, ".sealwright"))).toEqual(["lock"]);
  });

  it.each([
    ["another boot", (lock: object) => JSON.stringify({ ...lock, boot: "7e5d0a2c-0000-4000-8000-000000000000" })],
    ["another start of that process number", (lock: object) => JSON.stringify({ ...lock, start: "1" })],
    ["a process that is gone", (lock: object) => JSON.stringify({ ...lock, pid: 2 ** 22 - 3 })],
    ["nothing", () => ""],
    ["no JSON", () => "{"],
    ["no process", (lock: object) => JSON.stringify({ ...lock, pid: "1" })],
    ["JSON null", () => "null"],
  ])("of %s is taken over", async (_, text) => {
    await writableAgain(await folderWithLock(text(await ownLock())));
  });

  it("of another PID namespace keeps others out, whatever process its number is here, and says what to remove", async () => {
    const lock = await ownLock();
    const away = { ...lock, namespace: "pid:[1]", host: "web-2", start: "1", pid: 2 ** 22 - 3 };
    const text = JSON.stringify(away);
    const path = await folderWithLock(text);
    const { message } = await rejectsWithCode(openKept("file", path), "STORAGE_LOCKED");
    const file = join(path, ".sealwright/lock");
    for (const part of ["pid:[1]", "host web-2", `process ${away.pid} since`, `remove ${file}`]) {
      expect(message).toContain(part);
    }
    expect(await readFile(file, "utf8")).toBe(text);
    expect(await readdir(join(path, ".sealwright"))).toEqual(["lock"]);
  });

  it("of another PID namespace before the machine was started again is taken over", async () => {
    const lock = { ...(await ownLock()), namespace: "pid:[1]", boot: "7e5d0a2c-0000-4000-8000-000000000000" };
    await writableAgain(await folderWithLock(JSON.stringify(lock)));
  });

  it("without a PID namespace is judged by its process", async () => {
    const { namespace: _, ...lock } = await ownLock();
    await rejectsWithCode(openKept("file", await folderWithLock(JSON.stringify(lock))), "STORAGE_LOCKED");
    await writableAgain(await folderWithLock(JSON.stringify({ ...lock, start: "1" })));
  });

  it("is taken over even where a process died while it did just that", async () => {
    const stale = JSON.stringify({ ...(await ownLock()), start: "1" });
    const path = await folderWithLock(stale);
    const storage = await openKept("file", await folderWithLock(stale));
    await storage.close();
    const { createHash } = await import("node:crypto");
    const claim = `lock.${createHash("sha256").update(stale).digest("hex").slice(0, 16)}`;
    for (const left of [claim, "lock.12-ab", "lock.12-ab-2"]) await writeFile(join(path, ".sealwright", left), stale);
    await writableAgain(path);
  });
});
