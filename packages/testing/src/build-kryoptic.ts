// SPDX-License-Identifier: Apache-2.0
/**
 * Builds the kryoptic module into the cache unless it is there, and prints its path; run by the test set-up. With
 * `--check` it builds nothing and ends with 1 where the module is missing.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { KRYOPTIC_CRATE, kryopticPath } from "./kryoptic.ts";
import { cacheFolder } from "./native-cache.ts";

const path = kryopticPath();
if (!existsSync(path)) {
  if (process.argv.includes("--check")) process.exit(1);
  const target = join(cacheFolder(), "kryoptic-target");
  mkdirSync(target, { recursive: true });
  const { status } = spawnSync("cargo", ["build", "--release", "--locked", "--quiet"], {
    cwd: KRYOPTIC_CRATE,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CARGO_TARGET_DIR: target },
  });
  if (status !== 0) process.exit(1);
  copyFileSync(join(target, "release/libkryoptic_pkcs11.so"), `${path}.${process.pid}`);
  renameSync(`${path}.${process.pid}`, path);
}
process.stdout.write(`${path}\n`);
