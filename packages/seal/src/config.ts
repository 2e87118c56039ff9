// SPDX-License-Identifier: Apache-2.0
/**
 * How a plugin declares its configuration: as data, which gives the types, the variables, the defaults, what is secret,
 * and the documentation's table. `resolve.ts` reads stanza and environment by it.
 */
import * as z from "zod";

/** One configuration key of a seal. */
export interface ConfigField<Schema extends z.ZodType = z.ZodType> {
  /**
   * Takes the text as given, or undefined where nothing was; gives the value. With `bytes` it takes a `Uint8Array`,
   * which is wiped afterwards, so it must answer bytes of its own.
   */
  readonly schema: Schema;
  /** One sentence for the documentation's table. */
  readonly doc: string;
  /** Environment variables; the first that is set counts, even over the others' values. */
  readonly env?: readonly string[];
  /** Variables of the service's own tools: the first that is set counts where `env` and the stanza give nothing. */
  readonly fallbackEnv?: readonly string[];
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

/** `true`, `false`, `1`, `0`, `t`, `f` in any case, as Go's ParseBool takes them. */
export const booleanText = z
  .string()
  .regex(/^(1|t|true|0|f|false)$/i, "expected true or false")
  .transform((text) => /^(1|t|true)$/i.test(text));

/** Any text, or nothing. */
export const optionalText = z.string().optional();

/** A whole number from `min` to `max`, decimal or 0x hexadecimal. */
export function integerText(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^(0[xX][0-9a-fA-F]+|\d+)$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `expected a whole number from ${min} to ${max}`);
}

/** The environment variables that hold secrets of a seal with these fields: child processes must not inherit them. */
export function secretVariables(fields: ConfigFields): string[] {
  const secrets = Object.values(fields).filter((field) => field.secret);
  return secrets.flatMap(({ env = [], fallbackEnv = [] }) => [...env, ...fallbackEnv]);
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function withoutIt(field: ConfigField): string {
  const absent = field.schema.safeParse(undefined);
  if (!absent.success) return "required";
  return absent.data === undefined ? "–" : code([String(absent.data)]);
}

/** The Markdown table of a plugin's settings, as its documentation shows it. */
export function settingsTable(fields: ConfigFields): string {
  const rows = Object.entries(fields).map(([key, field]) => {
    const names = code([key, ...(field.aliases ?? [])]);
    const variables = code([...(field.env ?? []), ...(field.fallbackEnv ?? [])]) || "–";
    const sentences = [
      field.doc,
      ...(field.precedence === "stanza" ? ["The stanza wins over the variable."] : []),
      ...(field.fallbackEnv ? [`The stanza wins over ${code(field.fallbackEnv)}.`] : []),
      ...(field.secret ? ["Secret."] : []),
      ...(field.indirect ? ["May be `file://PATH` or `env://NAME`."] : []),
    ];
    return `| ${names} | ${variables} | ${withoutIt(field)} | ${sentences.join(" ")} |`;
  });
  return ["| key | variables | default | what it is |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
