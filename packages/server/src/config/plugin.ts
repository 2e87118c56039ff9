// SPDX-License-Identifier: Apache-2.0
/** The `plugin` blocks: seals of other people, each a JavaScript module. */
import { dirname, resolve } from "node:path";
import * as z from "zod";
import type { Block } from "./blocks.ts";
import { ConfigError, type SourcePosition } from "./errors.ts";
import { collect, keyPosition, type Reading, readSection, type Section, type Settings } from "./section.ts";
import { text } from "./values.ts";

const DIGEST = "expected a SHA-256 of 64 hexadecimal digits";

const settings = {
  module: {
    schema: text,
    doc: "The module that exports the plugin: a path, relative to this file, or the name of a package. Required.",
  },
  sha256: {
    schema: z
      .string({ error: DIGEST })
      .regex(/^[0-9a-f]{64}$/i, DIGEST)
      .toLowerCase(),
    doc: "The SHA-256 of the module's file in hexadecimal: another file is not loaded.",
  },
} as const satisfies Settings;

/** The settings of a `plugin` block. */
export const plugin: Section<typeof settings> = { name: "plugin", settings, ignored: {}, blocks: [] };

/** A seal that a module brings along. Nothing of the module has been looked at. */
export interface PluginConfig {
  /** Lower case; what `seal "type"` says. */
  readonly type: string;
  /** As written: a path or the name of a package. */
  readonly module: string;
  /** The absolute path of the configuration file's folder, from where `module` is looked up. */
  readonly folder: string;
  /** Lower case, 64 digits; undefined where any content will do. */
  readonly sha256: string | undefined;
  readonly at: SourcePosition;
}

/** Keys of OpenBao's plugin blocks, and what to do instead. */
const OF_PROGRAMS: Readonly<Record<string, string>> = {
  args: "it takes no arguments",
  binary_name: "give module",
  command: "give module",
  env: "it sees the server's variables",
  image: "give module",
  sha256sum: "give sha256",
  version: "give the version that you want as module",
};

const MODULES_ONLY = "here a plugin is the JavaScript module of a seal, not a program";

function refuseForeign({ body, at }: Block, name: string): void {
  for (const entry of body.entries) {
    const { key, value } = entry;
    const instead = Object.hasOwn(OF_PROGRAMS, key) ? OF_PROGRAMS[key] : undefined;
    const position = keyPosition({ file: at.file, entry });
    if (instead !== undefined) throw new ConfigError(`${name}: ${key}: ${MODULES_ONLY}: ${instead}`, position);
    if (value.kind !== "object" || Object.hasOwn(settings, key)) continue;
    throw new ConfigError(
      `${name} ${JSON.stringify(key)}: ${MODULES_ONLY}: give one label, the seal's type, and module`,
      position,
    );
  }
}

function readPlugin(block: Block, path: string, reading: Reading): PluginConfig {
  const { at, body } = block;
  const type = (block.labels[0] ?? "").toLowerCase();
  const section = { ...plugin, name: `plugin ${JSON.stringify(type)}` };
  if (!/^[a-z][a-z0-9_-]*$/.test(type)) {
    throw new ConfigError(`${section.name}: expected a name of letters, digits, - and _, a letter first`, at);
  }
  refuseForeign(block, section.name);
  const { module, sha256 } = readSection(section, collect(section, body.entries, at.file, reading), path, reading);
  if (module === undefined) throw new ConfigError(`${section.name} needs a module: module = "./${type}.mjs"`, at);
  return { type, module, folder: dirname(resolve(at.file)), sha256, at };
}

/** Reads the `plugin` blocks, which add up over the files. */
export function readPlugins(blocks: readonly Block[], reading: Reading): PluginConfig[] {
  const plugins = blocks.map((block, index) => readPlugin(block, `plugin.${index}`, reading));
  for (const [index, { type, at }] of plugins.entries()) {
    if (plugins.findIndex((each) => each.type === type) < index) {
      throw new ConfigError(`plugin ${JSON.stringify(type)} is given twice: keep one of them`, at);
    }
  }
  return plugins;
}
