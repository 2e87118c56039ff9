// SPDX-License-Identifier: Apache-2.0
/** The seals that come with the server: one explicit list. A plugin's code is loaded when a configuration names it. */
import {
  type AutoSealPlugin,
  SealError,
  type SealPlugin,
  type SharesSealPlugin,
  secretVariables,
} from "@sealwright/seal";

type Load = () => Promise<{ readonly plugin: SealPlugin }>;

const BUILT_IN = {
  shamir: () => import("@sealwright/plugin-shamir"),
  static: () => import("@sealwright/plugin-static"),
  pkcs11: () => import("@sealwright/plugin-pkcs11"),
  transit: () => import("@sealwright/plugin-transit"),
} satisfies Record<string, Load>;

/** The types that a `seal` block may name. */
export const SEAL_TYPES: readonly string[] = Object.keys(BUILT_IN);

/** The plugin for `type`. Throws `SEAL_CONFIG` for an unknown type, listing the known ones. */
export async function loadPlugin(type: string): Promise<SealPlugin> {
  const load = Object.hasOwn(BUILT_IN, type) ? BUILT_IN[type as keyof typeof BUILT_IN] : undefined;
  if (load === undefined) {
    throw new SealError("SEAL_CONFIG", `there is no seal of type "${type}": known are ${SEAL_TYPES.join(", ")}`);
  }
  return (await load()).plugin;
}

/** The package that exports the plugin for `type`, a known one, as `plugin`: what a process of its own imports. */
export function packageOf(type: string): string {
  return `@sealwright/plugin-${type}`;
}

/** The plugin that splits keys into shares. */
export async function loadSharesPlugin(): Promise<SharesSealPlugin> {
  return (await BUILT_IN.shamir()).plugin;
}

/** The environment variables that may hold a secret of any seal: what runs in a process of its own sees none of them. */
export async function secretVariablesOfAll(): Promise<string[]> {
  const plugins = await Promise.all(SEAL_TYPES.map(loadPlugin));
  return plugins.filter(isAuto).flatMap((plugin) => secretVariables(plugin.config));
}

/** Whether `plugin` is an auto seal. */
export function isAuto(plugin: SealPlugin): plugin is AutoSealPlugin {
  return plugin.kind === "auto";
}
