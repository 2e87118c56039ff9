// SPDX-License-Identifier: Apache-2.0
/** Processes killed while they write; the next one finds what they said was kept, whole batches and nothing else. */
import { describe, expect, it } from "vitest";
import { killAtRandom, numberLeft } from "./child/kills.ts";
import { start } from "./child/run.ts";
import type { Kept } from "./child/storage.ts";
import { newFolder } from "./folders.ts";

/** Kills at random instants, beside one before and one after a batch. */
const KILLS = 30;

describe.each<Kept>(["file", "lmdb"])("a process with a %s storage that is killed", (type) => {
  it("before a batch, leaves the state that it found", async () => {
    const path = await newFolder();
    const child = start("count.ts", [type, path, "idle"]);
    expect(await child.line()).toBe("open 0");
    await child.kill();
    expect(await numberLeft(type, path)).toBe(0);
  });

  it("after a batch, leaves that batch", async () => {
    const path = await newFolder();
    const child = start("count.ts", [type, path, "once"]);
    expect(await child.line()).toBe("open 0");
    expect(await child.line()).toBe("kept 1");
    await child.kill();
    expect(await numberLeft(type, path)).toBe(1);
  });

  it(`at ${KILLS} random instants, leaves what was kept and at most the three batches under way`, async () => {
    await killAtRandom(type, await newFolder(), KILLS);
  }, 60_000);
});
