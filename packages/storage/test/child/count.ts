// SPDX-License-Identifier: Apache-2.0
// Writes batch after batch, three at a time, and says which are kept, until it is killed.
import { batchOf, countedIn } from "./counting.ts";
import { openKept } from "./storage.ts";

const [type = "", path = "", mode = ""] = process.argv.slice(2);
const storage = await openKept(type, path);
let issued = await countedIn(storage);
console.log(`open ${issued}`);

async function count(): Promise<void> {
  for (;;) {
    issued += 1;
    const number = issued;
    await storage.write(batchOf(number));
    console.log(`kept ${number}`);
    if (mode === "once") return;
  }
}

if (mode === "idle") process.stdin.resume();
else if (mode === "once") {
  await count();
  process.stdin.resume();
} else await Promise.all([count(), count(), count()]);
