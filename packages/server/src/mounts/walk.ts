// SPDX-License-Identifier: Apache-2.0
import type { Barrier } from "@sealwright/core";

/** How many entries one batch changes at most. */
const BATCH = 256;

/** The paths of all entries below `prefix`, in groups of a bounded size, folder by folder. */
export async function* entriesBelow(barrier: Barrier, prefix: string): AsyncGenerator<string[]> {
  const folders = [prefix];
  let group: string[] = [];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await barrier.list(folder)) {
      if (name.endsWith("/")) folders.push(folder + name);
      else group.push(folder + name);
      if (group.length === BATCH) {
        yield group;
        group = [];
      }
    }
  }
  if (group.length > 0) yield group;
}
