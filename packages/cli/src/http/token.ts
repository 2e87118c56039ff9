// SPDX-License-Identifier: Apache-2.0
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { reasonOf } from "../input/files.ts";
import { type Environment, variable } from "./environment.ts";

/**
 * The token of the environment, else the one that `login` stored in `~/.vault-token`. Throws `UsageError` when the file
 * cannot be read or the token cannot be sent.
 */
export function currentToken(env: Environment): string | undefined {
  const token = variable(env, "TOKEN")?.value ?? storedToken(env);
  if (token !== undefined) checkToken(token);
  return token;
}

/** Throws `UsageError` for a token with characters that an HTTP header cannot carry, such as a line break. */
export function checkToken(token: string): void {
  if (/[^\x21-\x7e]/.test(token)) {
    throw new UsageError("The token has spaces, line breaks or other characters that no token has. Copy it again.");
  }
}

/** The token in `~/.vault-token`; undefined when there is none. Throws `UsageError` when the file cannot be read. */
export function storedToken(env: Environment): string | undefined {
  const path = tokenFile(env);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new UsageError(`Error reading the stored token: open ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Stores a token in `~/.vault-token`, readable by its owner only, replacing what stood there. */
export function storeToken(env: Environment, token: string): void {
  const path = tokenFile(env);
  if (path === undefined) throw new UsageError("Error storing the token: HOME is not set.");
  // A new file that takes the old one's place, so that neither a link nor an old mode is followed.
  const fresh = `${path}.new`;
  try {
    rmSync(fresh, { force: true });
    writeFileSync(fresh, token, { mode: 0o600, flag: "wx" });
    chmodSync(fresh, 0o600);
    renameSync(fresh, path);
  } catch (error) {
    throw new UsageError(`Error storing the token: ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function tokenFile(env: Environment): string | undefined {
  const home = env.HOME;
  return home === undefined || home === "" ? undefined : join(home, ".vault-token");
}
