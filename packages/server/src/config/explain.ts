// SPDX-License-Identifier: Apache-2.0
/** Every effective value of a configuration and where it came from: what `config explain` prints. */
import { type Origin as PluginOrigin, SealError } from "@sealwright/seal";
import { effectiveSettings } from "../seals/effective-settings.ts";
import { isAuto, type SealRegistry, sealRegistry } from "../seals/registry.ts";
import { sections } from "./documentation.ts";
import { formatDuration } from "./duration.ts";
import { ConfigError, type ConfigWarning } from "./errors.ts";
import { loadConfig } from "./load.ts";
import type { SealConfig } from "./seal.ts";
import type { Origin } from "./section.ts";
import type { ServerConfig } from "./server-config.ts";
import { isDuration } from "./values.ts";

/** One effective value, fit to be shown: a secret is `[secret]`. */
export interface ExplainedValue {
  /** `log_level`, `listener.0.address`, `seal.NAME.pin`, `plugin.TYPE.module`. */
  readonly setting: string;
  readonly value: string;
  readonly origin: Origin;
}

const DURATIONS = new Set(
  Object.values(sections).flatMap(({ settings }) =>
    Object.entries(settings).flatMap(([key, { schema }]) => (isDuration(schema) ? [key] : [])),
  ),
);
const CREDENTIALS = /(?<=:\/\/)[^/@\s]+(?=@)/g;

/** What stands at a dotted path of the configuration. */
function valueAt(config: ServerConfig, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);
}

function show(path: string, value: unknown): string {
  if (typeof value === "number" && DURATIONS.has(path.slice(path.lastIndexOf(".") + 1))) return formatDuration(value);
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object" && value !== null && "port" in value && "host" in value) {
    return `${String(value.host).includes(":") ? `[${value.host}]` : value.host}:${value.port}`;
  }
  return String(value).replace(CREDENTIALS, "[secret]");
}

const OF_SEAL = /^seal\.(\d+)\.(.*)$/s;
const OF_PLUGIN = /^plugin\.(\d+)\.(.*)$/s;

/** The path by which a value is shown: blocks that have a name go by it. */
function settingAt(config: ServerConfig, path: string): string {
  const [, seal = "", key] = OF_SEAL.exec(path) ?? [];
  if (key !== undefined) return `seal.${config.seal[Number(seal)]?.name}.${key}`;
  const [, plugin = "", setting] = OF_PLUGIN.exec(path) ?? [];
  return setting === undefined ? path : `plugin.${config.plugin[Number(plugin)]?.type}.${setting}`;
}

/** What the server itself reads; a plugin's own keys are left to the plugin. */
function ofServer(config: ServerConfig): ExplainedValue[] {
  return [...config.origins].flatMap(([path, origin]) => {
    const [, index, key = ""] = OF_SEAL.exec(path) ?? [];
    const seal = index === undefined ? undefined : config.seal[Number(index)];
    if (seal !== undefined && (Object.hasOwn(seal.stanza, key) || valueAt(config, path) === undefined)) return [];
    return [{ setting: settingAt(config, path), value: show(path, valueAt(config, path)), origin }];
  });
}

function placeOf(origin: PluginOrigin, { positions }: SealConfig): Origin {
  if (origin.from === "environment") return { from: "variable", name: origin.name };
  const at = origin.from === "stanza" ? positions.get(origin.key) : undefined;
  return at === undefined ? { from: "default" } : { from: "file", ...at };
}

async function ofPlugin(block: SealConfig, registry: SealRegistry, env: NodeJS.ProcessEnv): Promise<ExplainedValue[]> {
  try {
    const plugin = await registry.load(block.type);
    const { settings } = effectiveSettings(block, isAuto(plugin) ? plugin.config : {}, env);
    return settings.map(({ key, shown, origin }) => ({
      setting: `seal.${block.name}.${key}`,
      value: show(key, shown),
      origin: placeOf(origin, block),
    }));
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause;
    throw new ConfigError(cause.message, block.at, { cause });
  }
}

/**
 * Explains the configuration at `paths`, which is read as the server reads it, secrets in files included. Settings that
 * have no value are left out. Throws `ConfigError` where the server would not start with it.
 */
export async function explainConfig(
  paths: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ values: ExplainedValue[]; warnings: ConfigWarning[] }> {
  const { config, warnings } = loadConfig(paths, env);
  const registry = sealRegistry(config.plugin);
  const plugins = await Promise.all(config.seal.map((block) => ofPlugin(block, registry, env)));
  const values = [...ofServer(config), ...plugins.flat()];
  return { values: values.sort((a, b) => (a.setting < b.setting ? -1 : 1)), warnings };
}
