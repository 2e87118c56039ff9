// SPDX-License-Identifier: Apache-2.0
/** From stanza and environment to a checked configuration: the one place that knows precedence, for all seals. */
import { readFileSync } from "node:fs";
import { closest } from "fastest-levenshtein";
import type { ConfigField, ConfigFields, ConfigOf } from "./config.ts";
import { SealError } from "./errors.ts";

/** A stanza as a configuration reader gives it: scalars only. */
export type Stanza = Readonly<Record<string, string | number | bigint | boolean>>;

/** Where a value came from. */
export type Origin =
  | { readonly from: "stanza"; readonly key: string }
  | { readonly from: "environment"; readonly name: string }
  | { readonly from: "default" };

/** One effective setting, fit to be shown: a secret's value is `[secret]`. */
export interface Setting {
  readonly key: string;
  readonly shown: string;
  readonly origin: Origin;
}

type Given = { readonly content: string | Uint8Array; readonly origin: Origin };

/** What all steps need: whose settings these are and where variables are looked up. */
interface Context {
  readonly type: string;
  readonly env: NodeJS.ProcessEnv;
}

function fail(type: string, message: string, options?: { cause: unknown }): never {
  throw new SealError("SEAL_CONFIG", `seal "${type}": ${message}`, options);
}

function variable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function readSettingFile(type: string, key: string, path: string, field: ConfigField): string | Uint8Array {
  try {
    const content = readFileSync(path);
    // Editors and `echo` end a file with a line break, which no setting means.
    return field.bytes ? content : content.toString("utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? cause.code : "unreadable";
    return fail(type, `${key} names the file ${path}, which cannot be read (${reason})`, { cause });
  }
}

function expand({ type, env }: Context, key: string, field: ConfigField, text: string): string | Uint8Array {
  if (!field.indirect) return text;
  if (text.startsWith("file://")) {
    const path = text.slice("file://".length);
    const content = readSettingFile(type, key, path, field);
    return content.length > 0 ? content : fail(type, `${key} names the file ${path}, which is empty`);
  }
  if (text.startsWith("env://")) {
    const name = text.slice("env://".length);
    return variable(env, name) || fail(type, `${key} names the environment variable ${name}, which is not set`);
  }
  return text;
}

function fromStanza(context: Context, key: string, field: ConfigField, stanza: Stanza): Given | undefined {
  const names = [key, ...(field.aliases ?? [])].filter((name) => Object.hasOwn(stanza, name));
  if (names.length > 1) fail(context.type, `${names.join(" and ")} are one setting: give one of them`);
  const name = names[0];
  if (name === undefined) return undefined;
  const content = expand(context, name, field, String(stanza[name]));
  return content === "" ? undefined : { content, origin: { from: "stanza", key: name } };
}

function fromEnvironment({ env }: Context, names: readonly string[] = []): Given | undefined {
  // A variable that is set and empty hides the ones after it, as with OpenBao's BAO_ before VAULT_, and gives nothing.
  const name = names.find((candidate) => variable(env, candidate) !== undefined);
  const content = name === undefined ? undefined : variable(env, name);
  return name === undefined || !content ? undefined : { content, origin: { from: "environment", name } };
}

function find(context: Context, key: string, field: ConfigField, stanza: Stanza): Given | undefined {
  const inEnvironment = () => fromEnvironment(context, field.env);
  const inStanza = () => fromStanza(context, key, field, stanza);
  const given = field.precedence === "stanza" ? (inStanza() ?? inEnvironment()) : (inEnvironment() ?? inStanza());
  return given ?? fromEnvironment(context, field.fallbackEnv);
}

function missing(type: string, key: string, field: ConfigField): never {
  const [name] = field.env ?? [];
  return fail(type, `${key} is required${name === undefined ? "" : `: set it, or the variable ${name}`}`);
}

function refuse(type: string, key: string, field: ConfigField, given: Given, issue: string | undefined): never {
  const { origin, content } = given;
  const source = origin.from === "environment" ? `the variable ${origin.name}` : key;
  // A schema's message could quote what it refused.
  const quotes = field.secret === true && typeof content === "string" && issue?.includes(content) === true;
  return fail(type, `${source} is not valid${issue === undefined || quotes ? "" : `: ${issue}`}`);
}

/** The value that a schema makes of what was given; bytes that it was shown are wiped. */
function parse(type: string, key: string, field: ConfigField, given: Given | undefined): unknown {
  if (given === undefined) {
    const absent = field.schema.safeParse(undefined);
    return absent.success ? absent.data : missing(type, key, field);
  }
  const { content } = given;
  const raw = field.bytes && typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const parsed = field.schema.safeParse(raw);
  if (raw instanceof Uint8Array) raw.fill(0);
  return parsed.success ? parsed.data : refuse(type, key, field, given, parsed.error.issues[0]?.message);
}

/** The first key of a stanza that is none of the settings, and the message that refuses it; undefined if all are known. */
export function unknownSetting(
  type: string,
  fields: ConfigFields,
  stanza: Stanza,
): { readonly key: string; readonly message: string } | undefined {
  const known = Object.entries(fields).flatMap(([key, field]) => [key, ...(field.aliases ?? [])]);
  const key = Object.keys(stanza).find((each) => !known.includes(each));
  if (key === undefined) return undefined;
  const hint = known.length === 0 ? "it takes no settings" : `did you mean ${closest(key, known)}?`;
  return { key, message: `seal "${type}": unknown setting ${JSON.stringify(key)}: ${hint}` };
}

/**
 * The effective configuration of a seal of `type` and where each value came from. Throws `SEAL_CONFIG` for an unknown
 * key (naming the nearest), a value that its schema refuses, and a file or variable that is not there. Values of
 * secret fields never appear in what it throws.
 */
export function resolveConfig<Fields extends ConfigFields>(
  type: string,
  fields: Fields,
  stanza: Stanza,
  env: NodeJS.ProcessEnv,
): { config: ConfigOf<Fields>; settings: Setting[] } {
  const unknown = unknownSetting(type, fields, stanza);
  if (unknown !== undefined) throw new SealError("SEAL_CONFIG", unknown.message);
  const context = { type, env };
  const config: Record<string, unknown> = {};
  const settings: Setting[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const given = find(context, key, field, stanza);
    const value = parse(type, key, field, given);
    config[key] = value;
    if (value === undefined) continue;
    settings.push({
      key,
      shown: field.secret ? "[secret]" : String(value),
      origin: given?.origin ?? { from: "default" },
    });
  }
  return { config: config as ConfigOf<Fields>, settings };
}
