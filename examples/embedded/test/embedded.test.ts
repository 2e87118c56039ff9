// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-embedded-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs an example in the temporary folder, as a user would. */
function run(name: string): Promise<{ readonly failed: boolean; readonly stdout: string; readonly stderr: string }> {
  const script = fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=source", script], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr }),
    );
  });
}

const makeKey = (): void => writeFileSync(join(folder, "demo.key"), randomBytes(32), { mode: 0o600 });

function filesBelow(path: string): string[] {
  const all = readdirSync(path, { recursive: true, withFileTypes: true });
  return all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

describe("the embedded example", () => {
  it("initialises, unseals, stores, rotates and closes, and goes on at its next run", async () => {
    makeKey();
    expect(await run("auto-unseal")).toMatchObject({ failed: false, stdout: "s3cret, now under key term 2\n" });
    expect(await run("auto-unseal")).toMatchObject({ failed: false, stdout: "s3cret, now under key term 3\n" });
  });

  it("stores nothing in plain", async () => {
    makeKey();
    await run("auto-unseal");
    const files = filesBelow(join(folder, "data"));
    expect(files).toContain(join(folder, "data/app/_db"));
    for (const file of files) {
      const value = readFileSync(file, "utf8");
      expect(value).not.toContain("s3cret");
      expect(value).not.toContain(Buffer.from("s3cret").toString("base64").slice(0, -1));
    }
  });

  it("says that its key is missing, and makes no store", async () => {
    const { failed, stderr } = await run("auto-unseal");
    expect(failed).toBe(true);
    expect(stderr).toContain("SEAL_CONFIG");
    expect(stderr).toContain("demo.key");
    expect(filesBelow(folder).filter((file) => file.includes("core"))).toEqual([]);
  });

  it("says that another key does not open its data, and keeps the data", async () => {
    makeKey();
    const key = readFileSync(join(folder, "demo.key"));
    await run("auto-unseal");
    makeKey();
    const { failed, stdout, stderr } = await run("auto-unseal");
    expect([failed, stdout]).toEqual([true, ""]);
    expect(stderr).toContain("WRONG_SEAL");
    writeFileSync(join(folder, "demo.key"), key);
    expect((await run("auto-unseal")).stdout).toBe("s3cret, now under key term 3\n");
  });

  it("runs two stores in one process", async () => {
    expect(await run("two-stores")).toMatchObject({ failed: false, stdout: "store 1\nstore 2\n" });
  });
});
