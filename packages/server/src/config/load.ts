// SPDX-License-Identifier: Apache-2.0
/** From the paths behind `-config` to the texts in them. */
import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { toConfigError } from "./blocks.ts";
import { ConfigError, type ConfigWarning } from "./errors.ts";
import { HclError, parseHcl } from "./hcl/index.ts";
import { type ConfigDocument, readConfig, type ServerConfig } from "./server-config.ts";

/**
 * Reads the files and folders at `paths` and the variables in `env`. Of a folder all `.hcl` and `.json` files count, by
 * name. What comes later wins; listeners and seals add up. Relative paths are relative to the working directory. Throws
 * `ConfigError` and nothing else.
 */
export function loadConfig(
  paths: readonly string[],
  env: NodeJS.ProcessEnv,
): { config: ServerConfig; warnings: ConfigWarning[] } {
  if (paths.length === 0) throw new ConfigError("no configuration is given: name a file or folder with -config=PATH");
  const files = paths.flatMap(filesAt);
  return readConfig(
    [...new Set(files)].map((file) => parseDocument(readText(file), file)),
    env,
  );
}

/** The tree of a configuration text, HCL or JSON. Throws `ConfigError`. */
export function parseDocument(content: string, file: string): ConfigDocument {
  try {
    return { file, root: parseHcl(content, file) };
  } catch (error) {
    throw error instanceof HclError ? toConfigError(error, file) : error;
  }
}

function filesAt(path: string): string[] {
  if (!inspect(path, () => statSync(path).isDirectory())) return [path];
  const entries = inspect(path, () => readdirSync(path, { withFileTypes: true }));
  const names = entries.filter((entry) => !entry.isDirectory() && isConfigName(entry.name)).map(({ name }) => name);
  if (names.length === 0) throw new ConfigError(`the folder ${path} has no .hcl or .json file`);
  return names.sort().map((name) => join(path, name));
}

/** Editors' lock and backup files (`.#x.hcl`, `#x.hcl#`, `x.hcl~`) don't count. */
function isConfigName(name: string): boolean {
  return /\.(?:hcl|json)$/.test(name) && !name.startsWith(".#");
}

function readText(file: string): string {
  const bytes = inspect(file, () => readFileSync(file));
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const before = bytes.toString("utf8").split("\uFFFD", 1)[0] ?? "";
  const lines = before.split("\n");
  const column = [...(lines.at(-1) ?? "")].length + 1;
  throw new ConfigError("found bytes that are not UTF-8, expected UTF-8 text", { file, line: lines.length, column });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "this user may not read it",
  ENOTDIR: "a part of the path is not a folder",
};

function inspect<Result>(path: string, look: () => Result): Result {
  try {
    return look();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unreadable";
    throw new ConfigError(`cannot read the configuration ${path}: ${REASONS[code] ?? code}`, undefined, { cause });
  }
}
