// SPDX-License-Identifier: Apache-2.0
// Runs under a limit of the size of files: writes a batch that fits, some that do not, another that fits.
import { StorageError } from "@sealwright/core";
import { contents, put } from "../entries.ts";
import { openKept } from "./storage.ts";

const [type = "", path = ""] = process.argv.slice(2);
const storage = await openKept(type, path);
await storage.write([put("a", "first")]);
const outcome = await storage.write([put("a", "second"), put("big", "x".repeat(8_000_000)), put("c", "second")]).then(
  () => "kept",
  (error) => (error instanceof StorageError ? `${error.code}: ${error.message}` : String(error)),
);
// Many at once, as a server has them: none of their failures may end the process.
const big = Array.from({ length: 8 }, (_, i) => storage.write([put(`many/${i}`, "y".repeat(3_000_000))]));
const failures = (await Promise.allSettled(big)).filter(({ status }) => status === "rejected").length;
await storage.write([put("d", "third")]);
const entries = await contents(storage);
await storage.close();
console.log(JSON.stringify({ outcome, failures, entries }));
