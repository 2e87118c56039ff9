// SPDX-License-Identifier: Apache-2.0
/** From a `plugin` block to the plugin of its module. */
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type AutoSealPlugin, containPlugin, importPlugin, type PluginModule, SealError } from "@sealwright/seal";
import { type PluginConfig, placed, SEAL_KEYS } from "../config/index.ts";
import { before } from "./deadline.ts";

/** How long a module may take to load, in milliseconds. */
const LOAD_MS = 30_000;

const ADVICE = "correct the module, or what the plugin block says of it";

function refused({ type, at }: PluginConfig, problem: string, cause?: unknown, advice = ADVICE): SealError {
  return new SealError("SEAL_PLUGIN_UNAVAILABLE", placed(at, `plugin "${type}": ${problem}`), { cause, advice });
}

/** The file of the package that `import` would load, looked up from the configuration's folder. */
function packageFile(plugin: PluginConfig): string {
  const { module, folder } = plugin;
  let found: string;
  try {
    found = createRequire(join(folder, "package.json")).resolve(module);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_PACKAGE_PATH_NOT_EXPORTED") {
      const problem = `the package ${module} has no export for the condition "default": give the path of its file`;
      throw refused(plugin, problem, cause);
    }
    const problem = `there is no package ${module} in a node_modules of ${folder} or above it: install it there, or give a path`;
    throw refused(plugin, `${problem}, such as "./${module}"`, cause);
  }
  if (isAbsolute(found)) return found;
  throw refused(plugin, `${module} is a part of Node.js, not a package`);
}

/** The file that a plugin's module is in. Throws `SEAL_PLUGIN_UNAVAILABLE` for the name of a package that isn't there. */
export function moduleOf(plugin: PluginConfig): PluginModule {
  const { module, folder, sha256 } = plugin;
  const isPath = isAbsolute(module) || /^\.\.?[/\\]/.test(module);
  const file = isPath ? resolve(folder, module) : packageFile(plugin);
  return { specifier: pathToFileURL(file).href, ...(sha256 === undefined ? {} : { sha256 }) };
}

function checkFit(declared: PluginConfig, { type, config }: AutoSealPlugin): void {
  if (type !== declared.type) {
    throw refused(declared, `its module is the plugin of a seal called "${type}": call the block so`);
  }
  const taken = Object.entries(config).flatMap(([key, { aliases = [] }]) => [key, ...aliases]);
  const clash = taken.find((key) => SEAL_KEYS.includes(key));
  if (clash === undefined) return;
  throw refused(declared, `its setting ${clash} is one that every seal has, so it would never be given: rename it`);
}

/**
 * Loads the plugin of a `plugin` block. Rejects with `SEAL_PLUGIN_UNAVAILABLE` for what `importPlugin` refuses, for a module
 * that takes longer than `loadMs`, and for a plugin that does not go with its block. It fails as the contract says.
 */
export async function loadExternalPlugin(declared: PluginConfig, loadMs = LOAD_MS): Promise<AutoSealPlugin> {
  const loading = importPlugin(moduleOf(declared)).catch((error: unknown) => {
    throw error instanceof SealError ? refused(declared, error.message, error.cause, error.advice) : error;
  });
  const late = () => refused(declared, `its module was not loaded within ${loadMs} ms`);
  const plugin = await before(loading, loadMs, late);
  checkFit(declared, plugin);
  return containPlugin(plugin);
}
