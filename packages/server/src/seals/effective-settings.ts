// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigFields,
  isSealError,
  resolveConfig,
  SealError,
  type Stanza,
  unknownSetting,
} from "@sealwright/seal";
import { ConfigError, type SealConfig } from "../config/index.ts";
import { variablesOf } from "./seal-variables.ts";

/** What the block says, and what the command line adds to it for a plugin that knows it. */
function stanzaOf({ stanza, lastTry }: SealConfig, fields: ConfigFields): Stanza {
  return lastTry && Object.hasOwn(fields, "force_last_try") ? { ...stanza, force_last_try: "true" } : stanza;
}

/**
 * The effective settings of a `seal` block by the fields that its plugin declares. Throws `ConfigError` for a key that the
 * plugin doesn't know, with its place, what `resolveConfig` throws for values, and `SEAL_PLUGIN_UNAVAILABLE` for a schema
 * that fails instead of refusing.
 */
export function effectiveSettings<Fields extends ConfigFields>(
  block: SealConfig,
  fields: Fields,
  env: NodeJS.ProcessEnv,
): ReturnType<typeof resolveConfig<Fields>> {
  const { type, name, positions } = block;
  const stanza = stanzaOf(block, fields);
  const unknown = unknownSetting(type, fields, stanza);
  if (unknown !== undefined) throw new ConfigError(unknown.message, positions.get(unknown.key));
  const variables = variablesOf(name, fields, env);
  try {
    const { config, settings } = resolveConfig(type, fields, stanza, variables.env);
    const named = settings.map((setting) =>
      setting.origin.from === "environment"
        ? { ...setting, origin: { ...setting.origin, name: variables.nameOf(setting.origin.name) } }
        : setting,
    );
    return { config, settings: named };
  } catch (cause) {
    if (isSealError(cause)) throw cause;
    const message = `the plugin of the ${type} seal cannot check its settings: a schema of it fails`;
    throw new SealError("SEAL_PLUGIN_UNAVAILABLE", message, { cause, advice: "report it to the author of the plugin" });
  }
}
