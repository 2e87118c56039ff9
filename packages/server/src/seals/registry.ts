// SPDX-License-Identifier: Apache-2.0
/** The seals that a configuration may name: those that come with the server, one explicit list, and its own plugins. */
import {
  type AutoSealPlugin,
  type PluginModule,
  SealError,
  type SealPlugin,
  type SharesSealPlugin,
  secretVariables,
} from "@sealwright/seal";
import { ConfigError, type PluginConfig } from "../config/index.ts";
import { childModule } from "./child-files.ts";
import { loadExternalPlugin, moduleOf } from "./external-plugin.ts";

type Load = () => Promise<{ readonly plugin: SealPlugin }>;

const BUILT_IN = {
  shamir: () => import("@sealwright/plugin-shamir"),
  static: () => import("@sealwright/plugin-static"),
  pkcs11: () => import("@sealwright/plugin-pkcs11"),
  transit: () => import("@sealwright/plugin-transit"),
  awskms: () => import("@sealwright/plugin-awskms"),
  azurekeyvault: () => import("@sealwright/plugin-azurekeyvault"),
  gcpckms: () => import("@sealwright/plugin-gcpckms"),
} satisfies Record<string, Load>;

/** The types of the seals that come with the server. */
export const SEAL_TYPES: readonly string[] = Object.keys(BUILT_IN);

/** The seals that one configuration may name. A plugin's code is loaded when it is asked for, and once. */
export interface SealRegistry {
  /**
   * The plugin for `type`. Rejects with `SEAL_CONFIG` for an unknown type, listing the known ones, and with
   * `SEAL_PLUGIN_UNAVAILABLE` for a plugin block whose module cannot be loaded or doesn't fit the contract.
   */
  load(type: string): Promise<SealPlugin>;
  /** What a process of its own imports for the plugin of `type`, a known one. Throws `SEAL_PLUGIN_UNAVAILABLE`. */
  moduleOf(type: string): PluginModule;
  /**
   * The variables that a process of the seal `type` must not see: those of any seal's secret settings, since it is given
   * its own, and those that the SDKs of other seals read.
   */
  secretVariables(type: string): Promise<string[]>;
}

/** The plugin that splits keys into shares. */
export async function loadSharesPlugin(): Promise<SharesSealPlugin> {
  return (await BUILT_IN.shamir()).plugin;
}

/** Whether `plugin` is an auto seal. */
export function isAuto(plugin: SealPlugin): plugin is AutoSealPlugin {
  return plugin.kind === "auto";
}

function refuseBuiltIn(plugins: readonly PluginConfig[]): void {
  for (const { type, at } of plugins) {
    if (!SEAL_TYPES.includes(type)) continue;
    throw new ConfigError(`plugin "${type}": the ${type} seal comes with the server: give the plugin another name`, at);
  }
}

/** The seals that come with the server and `plugins`. Throws `ConfigError` for a plugin that has the name of one of them. */
export function sealRegistry(plugins: readonly PluginConfig[]): SealRegistry {
  refuseBuiltIn(plugins);
  const types = [...SEAL_TYPES, ...plugins.map(({ type }) => type)];
  const external = (type: string): PluginConfig | undefined => plugins.find((plugin) => plugin.type === type);
  const loads = new Map<string, Promise<SealPlugin>>();

  const find = async (type: string): Promise<SealPlugin> => {
    if (Object.hasOwn(BUILT_IN, type)) return (await BUILT_IN[type as keyof typeof BUILT_IN]()).plugin;
    const declared = external(type);
    if (declared !== undefined) return loadExternalPlugin(declared);
    throw new SealError("SEAL_CONFIG", `there is no seal of type "${type}": known are ${types.join(", ")}`);
  };

  const load = (type: string): Promise<SealPlugin> => {
    const loading = loads.get(type) ?? find(type);
    loads.set(type, loading);
    return loading;
  };

  return {
    load,
    moduleOf(type) {
      const declared = external(type);
      if (declared !== undefined) return moduleOf(declared);
      return { specifier: childModule(`@sealwright/plugin-${type}`) };
    },
    async secretVariables(type) {
      const all = (await Promise.all(types.map(load))).filter(isAuto);
      const own = all.find((plugin) => plugin.type === type)?.sdkSecrets ?? [];
      return all
        .flatMap(({ config, sdkSecrets = [] }) => [...secretVariables(config), ...sdkSecrets])
        .filter((name) => !own.includes(name));
    },
  };
}
