// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { chance, contents } from "../entries.ts";
import { countedIn, stateOf } from "./counting.ts";
import { start } from "./run.ts";
import { type Kept, openKept } from "./storage.ts";

/** Opens what a killed process left, checks that it is a state as a whole, and gives its number. */
export async function numberLeft(type: Kept, path: string): Promise<number> {
  const storage = await openKept(type, path);
  try {
    const number = await countedIn(storage);
    expect(await contents(storage)).toEqual(stateOf(number));
    return number;
  } finally {
    await storage.close();
  }
}

/** Kills a process that writes, so many times in one folder, and checks each time what it left. */
export async function killAtRandom(type: Kept, path: string, kills: number): Promise<void> {
  const roll = chance(`${type} kills`);
  for (let kill = 0; kill < kills; kill++) {
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
  expect(await numberLeft(type, path)).toBeGreaterThan(kills);
}
