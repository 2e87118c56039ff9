// SPDX-License-Identifier: Apache-2.0
import { describe, it } from "vitest";
import { killAtRandom } from "./child/kills.ts";
import type { Kept } from "./child/storage.ts";
import { newFolder } from "./folders.ts";

describe.each<Kept>(["file", "lmdb"])("a process with a %s storage that is killed 500 times", (type) => {
  it("leaves what was kept, each time", async () => {
    await killAtRandom(type, await newFolder(), 500);
  }, 600_000);
});
