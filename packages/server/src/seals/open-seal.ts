// SPDX-License-Identifier: Apache-2.0
/** From a `seal` block to a ready seal, in this process or in one of its own. */
import type { IsolationOptions } from "@sealwright/isolation";
import { type AutoSealPlugin, type Seal, type SealEnvironment, SealError } from "@sealwright/seal";
import type { SealConfig } from "../config/index.ts";
import { childPath } from "./child-files.ts";
import { before, withDeadline } from "./deadline.ts";
import { effectiveSettings } from "./effective-settings.ts";
import { isAuto, type SealRegistry } from "./registry.ts";
import { setForOneSeal } from "./seal-variables.ts";

const MEBIBYTE = 2 ** 20;

/** A configured seal: what the start-up banner shows, and the seal itself, or none where people unseal by shares. */
export interface OpenedSeal {
  readonly seal: Seal | undefined;
  /** Key and value of each setting, secrets masked, in order of the keys. */
  readonly settings: readonly { readonly key: string; readonly shown: string }[];
  /** Why it makes the whole weaker beside other seals, if it does. */
  readonly weakness?: string;
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

/** What a seal is opened with besides its block. */
export interface SealHost {
  /** The plugins that the configuration may name. */
  readonly registry: SealRegistry;
  readonly env: NodeJS.ProcessEnv;
  readonly log: SealEnvironment["log"];
}

/** How to run the plugin of `block` in a process of its own. */
export async function isolationOptions(
  plugin: AutoSealPlugin,
  config: Readonly<Record<string, unknown>>,
  block: SealConfig,
  { registry, env, log }: SealHost,
): Promise<IsolationOptions> {
  const { specifier, ...digest } = registry.moduleOf(block.type);
  const secrets = await registry.secretVariables(block.type);
  return {
    type: block.type,
    module: specifier,
    ...digest,
    ...childPath(),
    config,
    env,
    withhold: [...secrets, ...setForOneSeal(secrets, env), ...variablesNamedIn(block)],
    deadlineMs: block.call_deadline,
    memoryLimitBytes: block.process_memory_mib * MEBIBYTE,
    ...(plugin.maxParallel === undefined ? {} : { maxParallel: plugin.maxParallel(config) }),
    log,
  };
}

async function openHere(
  plugin: AutoSealPlugin,
  config: Readonly<Record<string, unknown>>,
  { type, call_deadline }: SealConfig,
  log: SealEnvironment["log"],
): Promise<Seal> {
  const opening = plugin.open(config, { log });
  const late = (): SealError => {
    void opening.then((seal) => seal.close()).catch(() => undefined);
    return new SealError("SEAL_TIMEOUT", `the ${type} seal was not opened within ${call_deadline} ms`);
  };
  return withDeadline(await before(opening, call_deadline, late), call_deadline);
}

async function open(
  plugin: AutoSealPlugin,
  config: Readonly<Record<string, unknown>>,
  block: SealConfig,
  host: SealHost,
): Promise<Seal> {
  if (!isIsolated(block, plugin)) return openHere(plugin, config, block, host.log);
  const { openIsolated } = await import("@sealwright/isolation");
  return openIsolated(await isolationOptions(plugin, config, block, host));
}

/** Opens the seal that `block` describes. Throws `ConfigError`, `SEAL_CONFIG`, `SEAL_PLUGIN_UNAVAILABLE` or `SEAL_TIMEOUT`. */
export async function openSeal(block: SealConfig, host: SealHost): Promise<OpenedSeal> {
  const plugin = await host.registry.load(block.type);
  if (!isAuto(plugin)) {
    effectiveSettings(block, {}, host.env);
    return { seal: undefined, settings: [] };
  }
  const { config, settings } = effectiveSettings(block, plugin.config, host.env);
  const shown = settings.map(({ key, shown }) => ({ key, shown })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const { weakness } = plugin;
  const seal = await open(plugin, config, block, host);
  return { seal, settings: shown, ...(weakness === undefined ? {} : { weakness }) };
}
