// SPDX-License-Identifier: Apache-2.0
/** Short versions of the long runs in `endurance.long.test.ts`. */
import { describe, expect, it } from "vitest";
import { faultySeal, TEXT } from "./support/faulty-seal.ts";
import { handlesOf, residentMiB } from "./support/footprint.ts";
import { surviveRandomFaults } from "./support/random-faults.ts";
import { MAKES, SOFTHSM } from "./support/tokens.ts";

describe.each(MAKES)("on $name", (make) => {
  it.skipIf(make.missing)(
    "1,000 wraps with a fault every 50 calls: none wrong, every one answered in time",
    async () => {
      const seed = Date.now() % 1_000_000;
      console.log(`random faults on ${make.name}: seed ${seed}`);
      const token = await faultySeal(make, {}, { deadlineMs: 250 });
      const succeeded = await surviveRandomFaults(token, { wraps: 1_000, deadlineMs: 250, seed });
      expect(succeeded).toBeGreaterThan(500);
    },
    60_000,
  );
});

describe.skipIf(SOFTHSM.missing)("many calls", () => {
  it("leave memory and file handles as they are (5,000 calls)", async () => {
    const { seal } = await faultySeal(SOFTHSM);
    const run = async (calls: number): Promise<void> => {
      for (let done = 0; done < calls; done += 50) await Promise.all(Array.from({ length: 50 }, () => seal.wrap(TEXT)));
    };
    await run(2_500);
    const pid = seal.status.pid ?? 0;
    const [handles, memory] = [handlesOf(pid), residentMiB(pid)];
    await run(2_500);
    expect(handlesOf(pid)).toBeLessThanOrEqual(handles + 2);
    expect(residentMiB(pid)).toBeLessThan(memory + 60);
  });
});
