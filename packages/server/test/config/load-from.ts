// SPDX-License-Identifier: Apache-2.0
import {
  ConfigError,
  type ConfigWarning,
  parseDocument,
  readConfig,
  type ServerConfig,
} from "../../src/config/index.ts";

/** What a configuration needs at the least, in one line so that what follows begins at line 2. */
export const MINIMUM = 'storage "inmem" {} listener "tcp" { tls_disable = true }\n';

/** Reads texts by file name, in this order. */
export function loadFrom(
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
): { config: ServerConfig; warnings: ConfigWarning[] } {
  return readConfig(
    Object.entries(files).map(([file, content]) => parseDocument(content, file)),
    env,
  );
}

/** Reads the minimum and `content` behind it, as `c.hcl`. */
export function load(content: string, env: NodeJS.ProcessEnv = {}) {
  return loadFrom({ "c.hcl": MINIMUM + content }, env);
}

/** The message of the `ConfigError` that `attempt` throws. */
export function refusal(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}
