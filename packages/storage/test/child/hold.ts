// SPDX-License-Identifier: Apache-2.0
// Opens the storage of the arguments, says how that went, and holds it until standard input ends.
import { StorageError } from "@sealwright/core";
import { openKept } from "./storage.ts";

const [type = "", path = ""] = process.argv.slice(2);
try {
  const storage = await openKept(type, path);
  console.log("open");
  process.stdin.resume().on("end", () => void storage.close());
} catch (error) {
  console.log(error instanceof StorageError ? error.code : String(error));
}
