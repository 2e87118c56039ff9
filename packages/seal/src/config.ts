// SPDX-License-Identifier: Apache-2.0
/**
 * Seal configuration: each plugin declares its fields as data, and this one function reads stanza and environment for
 * all of them. The declaration is also what redacts secrets and what the documentation's tables are made from.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { closest } from "fastest-levenshtein";
import { z } from "zod";
import { SealError } from "./errors.ts";

/** One configuration key of a seal. */
export interface ConfigField<Schema extends z.ZodType = z.ZodType> {
  /** Takes the text as given, or the bytes where `bytes` is set, or undefined where nothing was; gives the value. */
  readonly schema: Schema;
  /** One sentence for the documentation's table. */
  readonly doc: string;
  /** Environment variables; the first that is set counts, even over the others' values. */
  readonly env?: readonly string[];
  /** The environment wins over the stanza unless this says `stanza`. */
  readonly precedence?: "environment" | "stanza";
  /** Other names for the key in the stanza. */
  readonly aliases?: readonly string[];
  /** Never shown, and its variables are kept from child processes. */
  readonly secret?: true;
  /** `file://PATH` and `env://NAME` in the stanza stand for the file's content and the variable's value. */
  readonly indirect?: true;
  /** The schema wants the raw bytes: a file's content untouched, or the text as UTF-8. */
  readonly bytes?: true;
}

/** A plugin's keys by name. */
export type ConfigFields = Readonly<Record<string, ConfigField>>;

/** What a plugin's `open` gets. */
export type ConfigOf<Fields extends ConfigFields> = {
  readonly [Key in keyof Fields]: z.output<Fields[Key]["schema"]>;
};

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

/** `true`, `false`, `1`, `0`, `t`, `f` in any case, as Go's ParseBool takes them. */
export const booleanText = z
  .string()
  .regex(/^(1|t|true|0|f|false)$/i, "expected true or false")
  .transform((text) => /^(1|t|true)$/i.test(text));

/** A whole number from `min` to `max`, decimal or 0x hexadecimal. */
export function integerText(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^(0[xX][0-9a-fA-F]+|\d+)$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `expected a whole number from ${min} to ${max}`);
}

function fail(type: string, message: string, cause?: unknown): never {
  throw new SealError("SEAL_CONFIG", `seal "${type}": ${message}`, { cause });
}

type Given = { readonly text: string | Uint8Array; readonly origin: Origin };

function readFileAt(type: string, key: string, url: string, raw: boolean): string | Uint8Array {
  const path = url.startsWith("file:///") ? fileURLToPath(url) : url.slice("file://".length);
  try {
    const content = readFileSync(path);
    return raw ? content : content.toString("utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unreadable";
    return fail(type, `${key} names the file ${path}, which cannot be read (${reason})`, cause);
  }
}

function expand(
  type: string,
  key: string,
  field: ConfigField,
  text: string,
  env: NodeJS.ProcessEnv,
): string | Uint8Array {
  if (field.indirect && text.startsWith("file://")) return readFileAt(type, key, text, field.bytes === true);
  if (field.indirect && text.startsWith("env://")) {
    const name = text.slice("env://".length);
    return env[name] ?? fail(type, `${key} names the environment variable ${name}, which is not set`);
  }
  return text;
}

function fromStanza(
  type: string,
  key: string,
  field: ConfigField,
  stanza: Stanza,
  env: NodeJS.ProcessEnv,
): Given | undefined {
  const names = [key, ...(field.aliases ?? [])].filter((name) => name in stanza);
  if (names.length > 1) fail(type, `${names.join(" and ")} are one setting: give one of them`);
  const name = names[0];
  if (name === undefined) return undefined;
  const text = expand(type, name, field, String(stanza[name]), env);
  return text.length === 0 ? undefined : { text, origin: { from: "stanza", key: name } };
}

function fromEnvironment(field: ConfigField, env: NodeJS.ProcessEnv): Given | undefined {
  const name = field.env?.find((candidate) => env[candidate] !== undefined);
  const text = name === undefined ? undefined : env[name];
  return name === undefined || text === undefined || text === ""
    ? undefined
    : { text, origin: { from: "environment", name } };
}

function checkKeys(type: string, fields: ConfigFields, stanza: Stanza): void {
  const known = Object.entries(fields).flatMap(([key, field]) => [key, ...(field.aliases ?? [])]);
  for (const key of Object.keys(stanza)) {
    if (known.includes(key)) continue;
    const hint = known.length === 0 ? "it takes no settings" : `did you mean ${closest(key, known)}?`;
    fail(type, `unknown setting ${JSON.stringify(key)}: ${hint}`);
  }
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
  checkKeys(type, fields, stanza);
  const config: Record<string, unknown> = {};
  const settings: Setting[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const stanzaFirst = field.precedence === "stanza";
    const given =
      (stanzaFirst ? fromStanza(type, key, field, stanza, env) : undefined) ??
      fromEnvironment(field, env) ??
      fromStanza(type, key, field, stanza, env);
    const raw = field.bytes && typeof given?.text === "string" ? Buffer.from(given.text, "utf8") : given?.text;
    const parsed = field.schema.safeParse(raw);
    if (!parsed.success) {
      const reason = parsed.error.issues[0]?.message ?? "not valid";
      const missing = given === undefined ? "is required" : `is not valid: ${reason}`;
      const names = field.env === undefined ? "" : ` (or the variable ${field.env[0]})`;
      fail(type, `${key}${given === undefined ? names : ""} ${missing}`);
    }
    config[key] = parsed.data;
    if (parsed.data !== undefined) {
      settings.push({
        key,
        shown: field.secret ? "[secret]" : String(parsed.data),
        origin: given?.origin ?? { from: "default" },
      });
    }
  }
  return { config: config as ConfigOf<Fields>, settings };
}

/** The environment variables that hold secrets of a seal with these fields: child processes must not inherit them. */
export function secretVariables(fields: ConfigFields): string[] {
  return Object.values(fields).flatMap((field) => (field.secret ? [...(field.env ?? [])] : []));
}

/** The Markdown table of a plugin's settings, as its documentation shows it. */
export function settingsTable(fields: ConfigFields): string {
  const rows = Object.entries(fields).map(([key, field]) => {
    const name = [key, ...(field.aliases ?? [])].map((each) => `\`${each}\``).join(", ");
    const env = (field.env ?? []).map((each) => `\`${each}\``).join(", ") || "–";
    const notes = `${field.doc}${field.secret ? " Secret." : ""}${field.indirect ? " `file://` and `env://` work." : ""}`;
    return `| ${name} | ${env} | ${notes} |`;
  });
  return ["| key | variables | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}
