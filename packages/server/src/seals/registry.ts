// SPDX-License-Identifier: Apache-2.0
/** The seals that come with the server: one explicit list. A plugin's code is loaded when a configuration names it. */
import { type AutoSealPlugin, SealError, type SealPlugin, type SharesSealPlugin } from "@sealwright/seal";

type Load = () => Promise<{ readonly plugin: SealPlugin }>;

/** Where a plugin's module stands, for a process that imports it by name. */
interface Registration {
  readonly load: Load;
}

const BUILT_IN = {
  shamir: { load: () => import("@sealwright/plugin-shamir") },
  static: { load: () => import("@sealwright/plugin-static") },
  pkcs11: { load: () => import("@sealwright/plugin-pkcs11") },
} satisfies Record<string, Registration>;

/** The types that a `seal` block may name. */
export const SEAL_TYPES: readonly string[] = Object.keys(BUILT_IN);

/** The plugin for `type`. Throws `SEAL_CONFIG` for an unknown type, listing the known ones. */
export async function loadPlugin(type: string): Promise<SealPlugin> {
  const registration = Object.hasOwn(BUILT_IN, type) ? BUILT_IN[type as keyof typeof BUILT_IN] : undefined;
  if (registration === undefined) {
    throw new SealError("SEAL_CONFIG", `there is no seal of type "${type}": known are ${SEAL_TYPES.join(", ")}`);
  }
  return (await registration.load()).plugin;
}

/** The plugin that splits keys into shares. */
export async function loadSharesPlugin(): Promise<SharesSealPlugin> {
  return (await BUILT_IN.shamir.load()).plugin;
}

/** Whether `plugin` is an auto seal. */
export function isAuto(plugin: SealPlugin): plugin is AutoSealPlugin {
  return plugin.kind === "auto";
}
