// SPDX-License-Identifier: Apache-2.0
/** Whether a value that some module exports is a plugin: types are gone at run time, and authors may not use any. */
import type { ConfigField } from "./config.ts";
import type { AutoSealPlugin } from "./contract.ts";
import { SealError } from "./errors.ts";

type Members = Readonly<Record<string, unknown>>;

const TYPE = /^[a-z][a-z0-9_-]*$/;
const NAME_LISTS = ["env", "fallbackEnv", "aliases"] as const satisfies readonly (keyof ConfigField)[];

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function kindProblems({ kind }: Members): string[] {
  if (kind === "auto") return [];
  return [kind === "shares" ? 'kind is "shares", and only the server brings such a seal' : 'kind must be "auto"'];
}

function fieldProblems(key: string, field: unknown): string[] {
  if (!isObject(field)) return [`config.${key} must be an object with schema and doc`];
  const { schema, doc } = field;
  return [
    ...(isObject(schema) && typeof schema.safeParse === "function"
      ? []
      : [`config.${key}.schema must be a zod schema`]),
    ...(typeof doc === "string" ? [] : [`config.${key}.doc must be a text`]),
    ...NAME_LISTS.filter((name) => field[name] !== undefined && !isListOfTexts(field[name])).map(
      (name) => `config.${key}.${name} must be a list of texts`,
    ),
  ];
}

function configProblems({ config }: Members): string[] {
  if (!isObject(config)) return ["config must be an object with a field for each setting"];
  return Object.entries(config).flatMap(([key, field]) => fieldProblems(key, field));
}

function functionProblems(plugin: Members): string[] {
  const optional = ["maxParallel", "diagnose"].filter((name) => plugin[name] !== undefined);
  const wrong = ["open", ...optional].filter((name) => typeof plugin[name] !== "function");
  return wrong.map((name) => `${name} must be a function`);
}

function problemsOf(plugin: Members): string[] {
  const { type, isolation, sdkSecrets, weakness } = plugin;
  return [
    ...kindProblems(plugin),
    ...(typeof type === "string" && TYPE.test(type) ? [] : ["type must be a name in lower case"]),
    ...configProblems(plugin),
    ...functionProblems(plugin),
    ...(isolation === undefined || isolation === "process" ? [] : ['isolation must be "process" or left out']),
    ...(sdkSecrets === undefined || isListOfTexts(sdkSecrets) ? [] : ["sdkSecrets must be a list of texts"]),
    ...(weakness === undefined || typeof weakness === "string" ? [] : ["weakness must be a text"]),
  ];
}

/**
 * `value`, which `source` exports as `plugin`, if it has the form of an auto seal's plugin. Throws
 * `SEAL_PLUGIN_UNAVAILABLE` naming everything that is missing or of the wrong kind. Nothing of the plugin is called.
 */
export function checkPlugin(value: unknown, source: string): AutoSealPlugin {
  const problems = isObject(value) ? problemsOf(value) : [`it must be an object, and is ${describe(value)}`];
  if (problems.length === 0) return value as unknown as AutoSealPlugin;
  throw new SealError(
    "SEAL_PLUGIN_UNAVAILABLE",
    `what ${source} exports as plugin does not fit the contract of seals: ${problems.join("; ")}`,
    { advice: "correct the module; AutoSealPlugin of @sealwright/seal is its type" },
  );
}

function describe(value: unknown): string {
  return value === undefined ? "missing" : value === null ? "null" : `a ${typeof value}`;
}
