// SPDX-License-Identifier: Apache-2.0
/** What is done to an audit file while the server is down shows at the next unseal. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { editLines, linesIn, notesIn, temporaryFolder, textLines } from "./support/folder.ts";
import { type Audited, startAudited, unseal, unsealedShamir } from "./support/server.ts";

interface Stopped {
  readonly folder: string;
  readonly path: string;
  readonly keys: readonly string[];
}

async function stoppedServer(): Promise<Stopped> {
  const folder = temporaryFolder();
  const { on, keys } = await unsealedShamir(folder);
  await vi.waitFor(() => expect(notesIn(on.path)).toHaveLength(1));
  await on.stop();
  return { folder, path: on.path, keys };
}

/** Starts again, unseals, and waits for the check. */
async function unsealedAgain({ folder, keys, path }: Stopped): Promise<{ on: Audited; finding: string | undefined }> {
  const on = await startAudited(folder);
  await unseal(on, keys);
  const unsealed = await vi.waitFor(() => {
    const last = linesIn(path).at(-1)?.note;
    if (last?.name !== "unsealed") throw new Error("not checked yet");
    return last;
  });
  return { on, finding: unsealed.finding };
}

describe("at the next unseal", () => {
  it.each([
    ["a line removed from the middle", (lines: string[]) => lines.toSpliced(2, 1), /line 4 follows line 2/],
    ["the last line removed", (lines: string[]) => lines.slice(0, -1), /line 7 is not the one that was written/],
    ["the first line removed", (lines: string[]) => lines.slice(1), /the lines before 2 are missing/],
    ["a line rewritten", (lines: string[]) => lines.with(1, lines[1]!.replace("200", "400")), /line 2 was altered/],
    ["an address rewritten", (lines: string[]) => lines.with(6, lines[6]!.replace("shamir", "static")), /line 7/],
    ["all lines removed", () => [], /line 7 is not the one that was written|are missing/],
  ])("%s is reported in the log, the status and the file", async (_what, edit, finding) => {
    const stopped = await stoppedServer();
    expect(textLines(stopped.path)).toHaveLength(7);
    editLines(stopped.path, edit);
    const { on, finding: noted } = await unsealedAgain(stopped);
    expect(noted).toMatch(finding);
    expect(on.log.filter((line) => line.includes("POSSIBLE TAMPERING"))).toHaveLength(1);
    const { body } = await on.call("GET", "sys/seal-status");
    expect(body.audit_finding).toBe(`the audit file is not what was written: ${noted}`);
  });

  it("a deleted file is reported", async () => {
    const stopped = await stoppedServer();
    rmSync(stopped.path);
    expect((await unsealedAgain(stopped)).finding).toBeDefined();
  });

  it("a file of another server in its place is reported", async () => {
    const [stopped, other] = [await stoppedServer(), await stoppedServer()];
    writeFileSync(stopped.path, readFileSync(other.path));
    expect((await unsealedAgain(stopped)).finding).toBe("line 7 is not the one that was written");
  });

  it("a head that was deleted from the storage is reported", async () => {
    const stopped = await stoppedServer();
    rmSync(join(stopped.folder, "data/sealwright/core/_audit-head"));
    expect((await unsealedAgain(stopped)).finding).toMatch(/the storage has no head of this chain, which had one/);
  });

  it("a head that was overwritten in the storage is reported", async () => {
    const stopped = await stoppedServer();
    writeFileSync(join(stopped.folder, "data/sealwright/core/_audit-head"), '{"Value":"AAAA"}');
    expect((await unsealedAgain(stopped)).finding).toMatch(/the stored head of its chain cannot be read/);
  });

  it("what was reported is not reported again, and what is done after it is", async () => {
    const stopped = await stoppedServer();
    editLines(stopped.path, (lines) => lines.toSpliced(2, 1));
    const first = await unsealedAgain(stopped);
    expect(first.finding).toBeDefined();
    await first.on.stop();
    const second = await unsealedAgain(stopped);
    expect(second.finding).toBeUndefined();
    expect((await second.on.call("GET", "sys/seal-status")).body.audit_finding).toBeUndefined();
    await second.on.stop();
    editLines(stopped.path, (lines) => lines.toSpliced(-3, 1));
    expect((await unsealedAgain(stopped)).finding).toBeDefined();
  });

  it("an untouched file is no finding, however often the server was stopped", async () => {
    const stopped = await stoppedServer();
    for (let round = 0; round < 3; round++) {
      const { on, finding } = await unsealedAgain(stopped);
      expect(finding).toBeUndefined();
      await on.stop();
    }
  });

  it("lines that a crash left behind the stored head, the last of them torn, are no finding", async () => {
    const stopped = await stoppedServer();
    const on = await startAudited(stopped.folder);
    for (let n = 0; n < 3; n++) await on.call("PUT", "sys/unseal", { key: "AAAA" });
    await on.stop();
    appendFileSync(stopped.path, '{"time":"2026-11-21T00:00:00.000Z","type":"requ');
    const again = await startAudited(stopped.folder);
    await unseal(again, stopped.keys);
    await vi.waitFor(() => expect(readFileSync(stopped.path, "utf8")).toMatch(/"unsealed"[^\n]*\n$/));
    expect(textLines(stopped.path).at(-1)).not.toContain("finding");
    expect(again.log.join("")).not.toContain("TAMPERING");
  });

  it("a line removed behind the stored head is found where it is not the last", async () => {
    const stopped = await stoppedServer();
    const on = await startAudited(stopped.folder);
    for (let n = 0; n < 3; n++) await on.call("PUT", "sys/unseal", { key: "AAAA" });
    await on.stop();
    editLines(stopped.path, (lines) => lines.toSpliced(-2, 1));
    expect((await unsealedAgain(stopped)).finding).toMatch(/follows line/);
  });
});

describe("the head of the chain", () => {
  it("is stored every thousand lines, so that their loss shows after a kill", { timeout: 60_000 }, async () => {
    const stopped = await stoppedServer();
    const { on } = await unsealedAgain(stopped);
    for (let n = 0; n < 520; n++) await on.call("PUT", "sys/rekey/update", { key: "", nonce: "" });
    const head = join(stopped.folder, "data/sealwright/core/_audit-head");
    const kept = readFileSync(head);
    await on.stop();
    // What a kill leaves: the head as it was before the server was stopped.
    writeFileSync(head, kept);
    editLines(stopped.path, (lines) => lines.slice(0, 300));
    expect((await unsealedAgain(stopped)).finding).toMatch(/^the lines after 30\d up to 1\d\d\d are missing$/);
  });

  it("is not stored at seal before the chain was checked", async () => {
    const stopped = await stoppedServer();
    editLines(stopped.path, (lines) => lines.toSpliced(2, 1));
    const on = await startAudited(stopped.folder);
    const sharing = unseal(on, stopped.keys);
    await sharing;
    await on.stop();
    const found = notesIn(stopped.path).some(({ finding }) => finding !== undefined);
    const { finding } = await unsealedAgain(stopped);
    expect(found || finding !== undefined).toBe(true);
  });
});
