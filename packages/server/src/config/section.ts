// SPDX-License-Identifier: Apache-2.0
/**
 * A section is the top level of a configuration or the body of a block: settings declared as data, keys that Vault
 * knows and that have no effect here, and keys that hold blocks. The declaration gives the types, the checks, the
 * defaults and the documentation's tables.
 */
import { closest } from "fastest-levenshtein";
import type * as z from "zod";
import { ConfigError, type ConfigWarning, type SourcePosition } from "./errors.ts";
import type { HclEntry, HclNode } from "./hcl/index.ts";

/** One key with one value. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** Takes what was given, see `values.ts`. */
  readonly schema: Schema;
  /** One sentence for the documentation's table. */
  readonly doc: string;
  /** As a file would give it. Without a default the value may be undefined. */
  readonly default?: string | number | boolean;
  /** `X` stands for the variable `BAO_X`, or `VAULT_X` where that is not set. A variable wins over the files. */
  readonly variable?: string;
}

/** Settings by name. */
export type Settings = Readonly<Record<string, Setting>>;

/** The values of `Declared`, by key. */
export type ValuesOf<Declared extends Settings> = {
  readonly [Key in keyof Declared]: Declared[Key] extends { readonly default: unknown }
    ? z.output<Declared[Key]["schema"]>
    : z.output<Declared[Key]["schema"]> | undefined;
};

/** A kind of block and what may stand in it. */
export interface Section<Declared extends Settings = Settings> {
  /** What messages call it: `listener "tcp"`; empty for the top level. */
  readonly name: string;
  readonly settings: Declared;
  /** Keys that Vault knows and that have no effect here, and why. */
  readonly ignored: Readonly<Record<string, string>>;
  /** Keys that hold blocks, which are read elsewhere. */
  readonly blocks: readonly string[];
}

/** Where an effective value came from. */
export type Origin =
  | ({ readonly from: "file" } & SourcePosition)
  | { readonly from: "variable"; readonly name: string }
  | { readonly from: "default" };

/** An entry and the file it stands in. */
export interface Given {
  readonly file: string;
  readonly entry: HclEntry;
}

/** One reading of the configuration: the variables that count, and what is noted beside the values. */
export interface Reading {
  readonly env: NodeJS.ProcessEnv;
  /** By dotted path: `log_level`, `listener.0.address`. */
  readonly origins: Map<string, Origin>;
  readonly warnings: ConfigWarning[];
}

/** Where an entry's key stands. */
export function keyPosition({ file, entry }: Given): SourcePosition {
  return { file, ...entry.at };
}

/** Where an entry's value stands. */
export function valuePosition({ file, entry }: Given): SourcePosition {
  return { file, ...entry.value.at };
}

/** The variable that stands for `name`: `BAO_` if that is set, even to nothing, else `VAULT_`; undefined if empty. */
export function readVariable(env: NodeJS.ProcessEnv, name: string): { name: string; value: string } | undefined {
  const full = env[`BAO_${name}`] === undefined ? `VAULT_${name}` : `BAO_${name}`;
  const value = env[full];
  return value === undefined || value === "" ? undefined : { name: full, value };
}

/** `listener "tcp": ` before a message, nothing at the top level. */
function prefix(section: Section): string {
  return section.name === "" ? "" : `${section.name}: `;
}

/**
 * The entries of one body by key, without those that hold blocks. Refuses keys that neither Vault nor this section
 * knows, naming the nearest, and keys given twice; warns of those without effect.
 */
export function collect(
  section: Section,
  entries: readonly HclEntry[],
  file: string,
  reading: Reading,
): Map<string, Given> {
  const collected = new Map<string, Given>();
  for (const entry of entries) {
    const given = { file, entry };
    const { key } = entry;
    if (section.blocks.includes(key)) continue;
    if (Object.hasOwn(section.settings, key)) {
      const earlier = collected.get(key);
      if (earlier !== undefined) {
        const { line, column } = earlier.entry.at;
        throw new ConfigError(
          `${prefix(section)}${key} is given twice (first at ${line}:${column}): keep one of them`,
          keyPosition(given),
        );
      }
      collected.set(key, given);
    } else if (Object.hasOwn(section.ignored, key)) {
      const message = `${prefix(section)}${key} is accepted and has no effect: ${section.ignored[key]}`;
      reading.warnings.push({ message, at: keyPosition(given) });
    } else {
      refuseUnknown(section, given);
    }
  }
  return collected;
}

function refuseUnknown(section: Section, given: Given): never {
  const known = [...Object.keys(section.settings), ...section.blocks, ...Object.keys(section.ignored)];
  const hint = known.length === 0 ? "nothing can be set here" : `did you mean ${closest(given.entry.key, known)}?`;
  const key = JSON.stringify(given.entry.key);
  throw new ConfigError(`${prefix(section)}unknown key ${key}: ${hint}`, keyPosition(given));
}

/**
 * The values of a section: from the variable, else from what was collected, else the default. `path` leads to it in
 * `reading.origins`. Throws `ConfigError` for a value that its schema refuses.
 */
export function readSection<Declared extends Settings>(
  section: Section<Declared>,
  collected: ReadonlyMap<string, Given>,
  path: string,
  reading: Reading,
): ValuesOf<Declared> {
  const values = Object.entries<Setting>(section.settings).map(([key, setting]) => {
    const given = collected.get(key);
    const variable = setting.variable === undefined ? undefined : readVariable(reading.env, setting.variable);
    const dotted = path === "" ? key : `${path}.${key}`;
    const { value, origin } = choose(section, key, setting, given, variable);
    if (value !== undefined) reading.origins.set(dotted, origin);
    return [key, value];
  });
  return Object.fromEntries(values) as ValuesOf<Declared>;
}

function choose(
  section: Section,
  key: string,
  setting: Setting,
  given: Given | undefined,
  variable: { name: string; value: string } | undefined,
): { value: unknown; origin: Origin } {
  if (variable !== undefined) {
    const refuse = (problem: string): never => {
      throw new ConfigError(`the variable ${variable.name} (${key}): ${problem}`);
    };
    return { value: check(setting, variable.value, refuse), origin: { from: "variable", name: variable.name } };
  }
  const plain = given === undefined ? undefined : toPlain(given.entry.value);
  // An empty text is the same as none, as in Vault.
  if (given !== undefined && plain !== "") {
    const refuse = (problem: string): never => {
      throw new ConfigError(`${prefix(section)}${key}: ${problem}`, valuePosition(given));
    };
    return { value: check(setting, plain, refuse), origin: { from: "file", ...keyPosition(given) } };
  }
  const value = setting.default === undefined ? undefined : setting.schema.parse(setting.default);
  return { value, origin: { from: "default" } };
}

function check(setting: Setting, given: unknown, refuse: (problem: string) => never): unknown {
  const parsed = setting.schema.safeParse(given);
  if (parsed.success) return parsed.data;
  refuse(`${parsed.error.issues[0]?.message ?? "not valid"}, found ${show(given)}`);
}

function show(given: unknown): string {
  if (Array.isArray(given)) return "a list";
  if (typeof given === "object") return "a block";
  const text = typeof given === "string" ? JSON.stringify(given) : String(given);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** A node as schemas take it. Blocks become an empty object, which every schema refuses. */
function toPlain(node: HclNode): unknown {
  if (node.kind === "list") return node.elements.map(toPlain);
  return node.kind === "object" ? {} : node.value;
}
