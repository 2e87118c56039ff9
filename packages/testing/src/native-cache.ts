// SPDX-License-Identifier: Apache-2.0
/** Where native test modules are kept once they are compiled: outside the checkout, under the hash of their sources. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";

/** `SEALWRIGHT_CACHE`, else `sealwright` in `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.SEALWRIGHT_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sealwright");
}

/** 16 hexadecimal digits that change with the name or the content of any of `files`, or with `recipe`. */
export function sourceHash(files: readonly string[], recipe: string): string {
  const hash = createHash("sha256").update(recipe);
  for (const file of [...files].sort()) hash.update(`\0${basename(file)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}
