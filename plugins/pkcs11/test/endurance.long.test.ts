// SPDX-License-Identifier: Apache-2.0
/** The long runs: `npm run test:long`. */
import { describe, expect, it } from "vitest";
import { faultySeal, TEXT } from "./support/faulty-seal.ts";
import { handlesOf, residentMiB } from "./support/footprint.ts";
import { surviveRandomFaults } from "./support/random-faults.ts";
import { MAKES } from "./support/tokens.ts";

describe.each(MAKES)("on $name", (make) => {
  it.skipIf(make.missing)(
    "10,000 wraps with a fault every 50 calls: none wrong, every one answered in time",
    async () => {
      const seed = Date.now() % 1_000_000;
      console.log(`random faults on ${make.name}: seed ${seed}`);
      const token = await faultySeal(make, {}, { deadlineMs: 100 });
      const succeeded = await surviveRandomFaults(token, { wraps: 10_000, deadlineMs: 100, seed });
      expect(succeeded).toBeGreaterThan(5_000);
    },
    60_000,
  );

  it.skipIf(make.missing)(
    "100,000 calls leave memory and file handles as they are",
    async () => {
      const { seal } = await faultySeal(make);
      const run = async (calls: number): Promise<void> => {
        for (let done = 0; done < calls; done += 50)
          await Promise.all(Array.from({ length: 50 }, () => seal.wrap(TEXT)));
      };
      await run(20_000);
      const pid = seal.status.pid ?? 0;
      const [handles, memory] = [handlesOf(pid), residentMiB(pid)];
      await run(80_000);
      expect(handlesOf(pid)).toBeLessThanOrEqual(handles + 2);
      expect(residentMiB(pid)).toBeLessThan(memory + 60);
    },
    300_000,
  );
});
