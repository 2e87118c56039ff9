// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AppendFile, openAppendFile } from "../../src/audit/append-file.ts";
import { AuditFile } from "../../src/audit/audit-file.ts";
import { type AuditContent, START, sha256 } from "../../src/audit/line.ts";
import { editLines, linesIn, temporaryFolder, textLines } from "./support/folder.ts";

const step = (path: string): AuditContent => ({ type: "request", request: { path } });

async function fileWith(count: number): Promise<{ path: string; file: AuditFile }> {
  const path = join(temporaryFolder(), "audit.log");
  const file = await AuditFile.open({ path });
  for (let n = 1; n <= count; n++) await file.append(step(`step ${n}`));
  return { path, file };
}

/** The real file whose calls fail while `fault` says how. */
interface Faults {
  append?: (file: AppendFile, bytes: Uint8Array) => Promise<void>;
  sync?: () => Promise<void>;
}

function noSpace(): never {
  throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}

async function faulty(path: string, faults: Faults): Promise<AuditFile> {
  const openFile = async (name: string): Promise<AppendFile> => {
    const file = await openAppendFile(name);
    return {
      identity: file.identity,
      size: () => file.size(),
      read: (position, length) => file.read(position, length),
      append: (bytes) => faults.append?.(file, bytes) ?? file.append(bytes),
      sync: () => faults.sync?.() ?? file.sync(),
      close: () => file.close(),
    };
  };
  return AuditFile.open({ path, openFile });
}

describe("an audit file", () => {
  it("is made with mode 0600, and each line has the number and the hash of the one before", async () => {
    const { path, file } = await fileWith(3);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const texts = textLines(path);
    expect(linesIn(path).map(({ chain }) => chain)).toEqual([
      { line: 1, previous: START.hash },
      { line: 2, previous: sha256(texts[0]!) },
      { line: 3, previous: sha256(texts[1]!) },
    ]);
    expect(file.head).toEqual({ line: 3, hash: sha256(texts[2]!) });
    await file.close();
  });

  it("keeps lines whole and in order when many are written at once", async () => {
    const { path, file } = await fileWith(0);
    await Promise.all(Array.from({ length: 50 }, (_, n) => file.append(step(`${n}`))));
    expect(linesIn(path).map(({ request }) => request?.path)).toEqual(Array.from({ length: 50 }, (_, n) => `${n}`));
    expect(await file.verify(undefined)).toBeUndefined();
    await file.close();
  });

  it("goes on where its chain ended", async () => {
    const { path, file } = await fileWith(2);
    await file.close();
    const again = await AuditFile.open({ path });
    await again.append(step("later"));
    expect(await again.verify({ head: file.head, from: START })).toBeUndefined();
    expect(again.head.line).toBe(3);
    await again.close();
  });

  it.each([0.01, 0.2, 0.5, 0.99])("closes a line of which %d is left by a note, which is no finding", async (part) => {
    const { path, file } = await fileWith(3);
    const texts = textLines(path);
    await file.close();
    truncateSync(path, statSync(path).size - 1 - Math.floor(texts[2]!.length * (1 - part)));
    const again = await AuditFile.open({ path });
    expect(JSON.parse(textLines(path).at(-1)!)).toMatchObject({ note: { name: "torn line" }, chain: { line: 3 } });
    expect(await again.verify({ head: { line: 2, hash: sha256(texts[1]!) }, from: START })).toBeUndefined();
    expect(await again.verify({ head: again.head, from: START })).toBeUndefined();
    await again.close();
  });

  it("counts a line that only lacks its line end", async () => {
    const { path, file } = await fileWith(3);
    await file.close();
    truncateSync(path, statSync(path).size - 1);
    const again = await AuditFile.open({ path });
    await again.append(step("4"));
    expect(linesIn(path).map(({ chain }) => chain.line)).toEqual([1, 2, 3, 4]);
    expect(await again.verify({ head: file.head, from: START })).toBeUndefined();
    await again.close();
  });

  it("is ours where its only line was torn", async () => {
    const path = join(temporaryFolder(), "audit.log");
    writeFileSync(path, '{"time":"2026-11');
    const file = await AuditFile.open({ path });
    await file.append(step("1"));
    expect(await file.verify({ head: file.head, from: START })).toBeUndefined();
    await file.close();
  });

  it("reports a torn line that was changed after it was noted", async () => {
    const { path, file } = await fileWith(2);
    await file.close();
    appendFileSync(path, '{"time":"20');
    await (await AuditFile.open({ path })).close();
    editLines(path, (lines) => lines.map((line) => (line === '{"time":"20' ? '{"time":"21' : line)));
    const again = await AuditFile.open({ path });
    expect(await again.verify(undefined)).toBe("what stands before line 3 is no audit line");
    await again.close();
  });

  it.each([
    ["in a folder that is not there", "nowhere/audit.log", "ENOENT"],
    ["that is a folder", ".", "EISDIR"],
  ])("%s is refused with AuditError", async (_what, name, code) => {
    const opening = AuditFile.open({ path: join(temporaryFolder(), name) });
    await expect(opening).rejects.toMatchObject({ name: "AuditError", reason: expect.stringContaining(code) });
  });

  it("is refused where it holds something else, and left as it is", async () => {
    const path = join(temporaryFolder(), "passwd");
    writeFileSync(path, "root:x:0:0\n");
    await expect(AuditFile.open({ path })).rejects.toMatchObject({ reason: expect.stringContaining("something else") });
    expect(readFileSync(path, "utf8")).toBe("root:x:0:0\n");
  });

  it("is refused where it is no regular file", async () => {
    await expect(AuditFile.open({ path: "/dev/null" })).rejects.toMatchObject({ name: "AuditError" });
  });
});

describe("a disk that is full", () => {
  it("rejects the line with ENOSPC, keeps none of it, and goes on when there is space", async () => {
    const faults: Faults = {};
    const path = join(temporaryFolder(), "audit.log");
    const file = await faulty(path, faults);
    await file.append(step("1"));
    faults.append = async () => noSpace();
    await expect(file.append(step("2"))).rejects.toMatchObject({ reason: "cannot be written (ENOSPC)" });
    delete faults.append;
    await file.append(step("3"));
    expect(linesIn(path).map(({ request, chain }) => [request?.path, chain.line])).toEqual([
      ["1", 1],
      ["3", 2],
    ]);
    await file.close();
  });

  it("that takes half a line is told by a note, and the chain is whole", async () => {
    const faults: Faults = {};
    const path = join(temporaryFolder(), "audit.log");
    const file = await faulty(path, faults);
    await file.append(step("1"));
    faults.append = async (real, bytes) => {
      await real.append(bytes.subarray(0, 30));
      noSpace();
    };
    await expect(file.append(step("2"))).rejects.toMatchObject({ name: "AuditError" });
    await expect(file.append(step("2"))).rejects.toMatchObject({ name: "AuditError" });
    delete faults.append;
    await file.append(step("3"));
    expect(textLines(path).at(-1)).toContain('"path":"3"');
    expect(await file.verify(undefined)).toBeUndefined();
    await file.close();
  });

  it("whose line is there though it was not synced counts the line once", async () => {
    const faults: Faults = {};
    const path = join(temporaryFolder(), "audit.log");
    const file = await faulty(path, faults);
    faults.sync = async () => noSpace();
    await expect(file.append(step("1"))).rejects.toMatchObject({ name: "AuditError" });
    delete faults.sync;
    await file.append(step("2"));
    expect(linesIn(path).map(({ chain }) => chain.line)).toEqual([1, 2]);
    expect(await file.verify(undefined)).toBeUndefined();
    await file.close();
  });
});

describe("a check of the chain", () => {
  it.each([
    ["a line removed from the middle", (lines: string[]) => lines.toSpliced(4, 1), "line 6 follows line 4"],
    ["the last line removed", (lines: string[]) => lines.slice(0, -1), "the lines after 9 up to 10 are missing"],
    ["all but one removed", (lines: string[]) => lines.slice(0, 1), "the lines after 1 up to 10 are missing"],
    ["the first line removed", (lines: string[]) => lines.slice(1), "the lines before 2 are missing"],
    [
      "a line rewritten",
      (lines: string[]) => lines.with(4, lines[4]!.replace("step 5", "step X")),
      "line 5 was altered",
    ],
    [
      "the last rewritten",
      (lines: string[]) => lines.with(9, lines[9]!.replace("step", "stop")),
      "line 10 is not the one",
    ],
    ["two lines swapped", (lines: string[]) => lines.with(2, lines[3]!).with(3, lines[2]!), "line 4 follows line 2"],
    ["a line put in twice", (lines: string[]) => lines.toSpliced(3, 0, lines[3]!), "line 4 follows line 4"],
    [
      "a line that is none",
      (lines: string[]) => lines.toSpliced(3, 0, "hello"),
      "stands before line 4 is no audit line",
    ],
    ["an empty line", (lines: string[]) => lines.toSpliced(3, 0, ""), "stands before line 4 is no audit line"],
  ])("finds %s", async (_what, edit, finding) => {
    const { path, file } = await fileWith(10);
    const stored = { head: file.head, from: START };
    await file.close();
    editLines(path, edit);
    const again = await AuditFile.open({ path });
    expect(await again.verify(stored)).toContain(finding);
    await again.close();
  });

  it("finds a file that was written anew with a chain of its own", async () => {
    const { file } = await fileWith(10);
    const other = await fileWith(12);
    expect(await other.file.verify({ head: file.head, from: START })).toBe("line 10 is not the one that was written");
    await Promise.all([file.close(), other.file.close()]);
  });

  it("finds nothing wrong with lines behind the head, and something where these don't hold together", async () => {
    const { path, file } = await fileWith(4);
    const stored = { head: { line: 2, hash: sha256(textLines(path)[1]!) }, from: START };
    expect(await file.verify(stored)).toBeUndefined();
    editLines(path, (lines) => lines.toSpliced(2, 1));
    expect(await file.verify(stored)).toBe("line 4 follows line 2");
    await file.close();
  });

  it("counts from the line that it is told to count from, and misses that line where it is gone", async () => {
    const { path, file } = await fileWith(6);
    const from = { line: 4, hash: sha256(textLines(path)[3]!) };
    editLines(path, (lines) => lines.toSpliced(1, 1));
    expect(await file.verify({ head: file.head, from })).toBeUndefined();
    editLines(path, (lines) => lines.toSpliced(2, 1));
    expect(await file.verify({ head: file.head, from })).toBe("line 4 is missing or was altered");
    await file.close();
  });
});

describe("log rotation", () => {
  it("goes on in a new file that names the last line of the old one", async () => {
    const { path, file } = await fileWith(3);
    const head = file.head;
    renameSync(path, `${path}.1`);
    await file.append(step("into the old file"));
    await file.reopen();
    await file.append(step("into the new file"));
    expect(linesIn(`${path}.1`)).toHaveLength(4);
    expect(linesIn(path)).toMatchObject([{ note: { name: "new file" }, chain: { line: 5 } }, { chain: { line: 6 } }]);
    expect(linesIn(path)[0]?.chain.previous).toBe(sha256(textLines(`${path}.1`)[3]!));
    expect(await file.verify({ head, from: START })).toBeUndefined();
    await file.close();
  });

  it("leaves the file alone where it was not moved", async () => {
    const { path, file } = await fileWith(2);
    await file.reopen();
    expect(linesIn(path)).toHaveLength(2);
    await file.append(step("3"));
    expect(linesIn(path)).toHaveLength(3);
    await file.close();
  });

  it("keeps the old file where the new one cannot be opened", async () => {
    const { path, file } = await fileWith(1);
    renameSync(path, `${path}.1`);
    mkdirSync(path);
    await expect(file.reopen()).rejects.toMatchObject({ name: "AuditError" });
    await file.append(step("2"));
    expect(linesIn(`${path}.1`)).toHaveLength(2);
    await file.close();
  });

  it("while nobody was running is followed to the file beside it", async () => {
    const { path, file } = await fileWith(3);
    const stored = { head: file.head, from: START };
    await file.close();
    renameSync(path, `${path}-20261121`);
    const again = await AuditFile.open({ path });
    expect(linesIn(path)).toMatchObject([{ note: { name: "new file" }, chain: { line: 4 } }]);
    await again.append(step("5"));
    expect(await again.verify(stored)).toBeUndefined();
    await again.close();
  });

  it("that took away lines which are not stored as the head's is found where the old file is gone", async () => {
    const { path, file } = await fileWith(5);
    const head = { line: 2, hash: sha256(textLines(path)[1]!) };
    renameSync(path, `${path}.1`);
    await file.reopen();
    expect(await file.verify({ head, from: START })).toBeUndefined();
    renameSync(`${path}.1`, join(temporaryFolder(), "elsewhere"));
    expect(await file.verify({ head, from: START })).toBe("the lines after 2 up to 5 are missing");
    await file.close();
  });
});
