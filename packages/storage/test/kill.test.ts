// SPDX-License-Identifier: Apache-2.0
/** Processes killed while they write; the next one finds what they said was kept, whole batches and nothing else. */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { countedIn, stateOf } from "./child/counting.ts";
import { start } from "./child/run.ts";
import { type Kept, openKept } from "./child/storage.ts";
import { chance, contents } from "./entries.ts";
import { newFolder } from "./folders.ts";

/** Kills at random instants, beside one before and one after a batch. */
const KILLS = 30;

/** Opens what a killed process left, checks that it is a state as a whole, and gives its number. */
async function numberLeft(type: Kept, path: string): Promise<number> {
  const storage = await openKept(type, path);
  try {
    const number = await countedIn(storage);
    expect(await contents(storage)).toEqual(stateOf(number));
    return number;
  } finally {
    await storage.close();
  }
}

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
    const path = await newFolder();
    const roll = chance(`${type} kills`);
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start("count.ts", [type, path]);
      let kept = Number((await child.line())?.replace("open ", ""));
      const reading = (async () => {
        for (let line = await child.line(); line; line = await child.line()) {
          kept = Math.max(kept, Number(line.replace("kept ", "")));
        }
      })();
      // Microseconds matter: the shorter ones meet the first batch at its beginning.
      const instant = performance.now() + roll(40_000) / 1000;
      while (performance.now() < instant) await pause(0);
      await child.kill();
      await reading;
      const left = await numberLeft(type, path);
      expect(left).toBeGreaterThanOrEqual(kept);
      expect(left).toBeLessThanOrEqual(kept + 3);
    }
    expect(await numberLeft(type, path)).toBeGreaterThan(KILLS);
  }, 60_000);
});
