// SPDX-License-Identifier: Apache-2.0
/** From a `seal` block to a ready seal, in this process or in one of its own. */
import type { IsolationOptions } from "@sealwright/isolation";
import { type AutoSealPlugin, resolveConfig, type Seal, type SealEnvironment } from "@sealwright/seal";
import type { SealConfig } from "../config/index.ts";
import { withDeadline } from "./deadline.ts";
import { isAuto, loadPlugin, packageOf, secretVariablesOfAll } from "./registry.ts";

/** A configured seal: what the start-up banner shows, and the seal itself, or none where people unseal by shares. */
export interface OpenedSeal {
  readonly seal: Seal | undefined;
  /** Key and value of each setting, secrets masked, in order of the keys. */
  readonly settings: readonly { readonly key: string; readonly shown: string }[];
}

/** The variables that a stanza's `env://NAME` values stand for. */
function variablesNamedIn({ stanza }: SealConfig): string[] {
  const texts = Object.values(stanza).map(String);
  return texts.filter((text) => text.startsWith("env://")).map((text) => text.slice("env://".length));
}

/** Whether the plugin runs in a process of its own: as the block says, else as the plugin asks. */
export function isIsolated(block: SealConfig, plugin: AutoSealPlugin): boolean {
  return (block.isolation ?? plugin.isolation) === "process";
}

/** How to run the plugin of `block` in a process of its own. */
export async function isolationOptions(
  plugin: AutoSealPlugin,
  config: Readonly<Record<string, unknown>>,
  block: SealConfig,
  env: NodeJS.ProcessEnv,
  log: SealEnvironment["log"],
): Promise<IsolationOptions> {
  const { childModule, childPath } = await import("./child-files.ts");
  return {
    type: block.type,
    module: childModule(packageOf(block.type)),
    ...childPath(),
    config,
    env,
    withhold: [...(await secretVariablesOfAll()), ...variablesNamedIn(block)],
    deadlineMs: block.call_deadline,
    ...(plugin.maxParallel === undefined ? {} : { maxParallel: plugin.maxParallel(config) }),
    log,
  };
}

async function open(
  plugin: AutoSealPlugin,
  config: Readonly<Record<string, unknown>>,
  block: SealConfig,
  env: NodeJS.ProcessEnv,
  log: SealEnvironment["log"],
): Promise<Seal> {
  if (!isIsolated(block, plugin)) return withDeadline(await plugin.open(config, { log }), block.call_deadline);
  const { openIsolated } = await import("@sealwright/isolation");
  return openIsolated(await isolationOptions(plugin, config, block, env, log));
}

/** Opens the seal that `block` describes. Throws `SEAL_CONFIG` or `SEAL_PLUGIN_UNAVAILABLE`. */
export async function openSeal(
  block: SealConfig,
  env: NodeJS.ProcessEnv,
  log: SealEnvironment["log"],
): Promise<OpenedSeal> {
  const plugin = await loadPlugin(block.type);
  if (!isAuto(plugin)) {
    resolveConfig(block.type, {}, block.stanza, env);
    return { seal: undefined, settings: [] };
  }
  const { config, settings } = resolveConfig(block.type, plugin.config, block.stanza, env);
  const shown = settings.map(({ key, shown }) => ({ key, shown })).sort((a, b) => (a.key < b.key ? -1 : 1));
  return { seal: await open(plugin, config, block, env, log), settings: shown };
}
