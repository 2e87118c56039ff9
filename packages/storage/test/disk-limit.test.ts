// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { start } from "./child/run.ts";
import { newFolder } from "./folders.ts";

describe.each(["file", "lmdb"])("a %s storage that meets the limit of what it may write", (type) => {
  it("refuses the batch with STORAGE_FAILED, keeps nothing of it, lives on and takes the next", async () => {
    // In blocks of 512 bytes: one megabyte.
    const child = start("fill.ts", [type, await newFolder()], "ulimit -f 2048; exec");
    let last = "";
    for (let line = await child.line(); line !== undefined; line = await child.line()) last = line;
    await child.end();
    const { outcome, failures, entries } = JSON.parse(last);
    expect(outcome).toMatch(/^STORAGE_FAILED: the batch was not written/);
    expect(failures).toBe(8);
    expect(entries).toEqual({ a: "first", d: "third" });
  });
});
