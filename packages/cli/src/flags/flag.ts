// SPDX-License-Identifier: Apache-2.0
/**
 * Flags as data: the parser, the help text and docs/cli.md are all made from these declarations.
 */

/** One flag; `T` is what a command gets. */
export interface Flag<T> {
  /** The name without dashes. */
  readonly name: string;
  /** Other names for the same flag, such as `n` for `key-shares`. */
  readonly aliases: readonly string[];
  /** What stands for the value in help, for example `string`; undefined for a boolean, which may stand alone. */
  readonly placeholder: string | undefined;
  /** One or two sentences for help. */
  readonly usage: string;
  /** The value when the flag isn't given. */
  readonly initial: T;
  /** The new value after one occurrence; throws `FlagValueError`. */
  accept(text: string, previous: T): T;
}

/** The flags of a command by the name under which the command reads them. */
export type FlagSet = Readonly<Record<string, Flag<unknown>>>;

/** The values of a flag set. */
export type FlagValues<F extends FlagSet> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** A value that a flag does not take; `message` is the reason only, without flag or value. */
export class FlagValueError extends Error {}

interface Description {
  readonly name: string;
  readonly usage: string;
  readonly aliases?: readonly string[];
}

function describe({ name, usage, aliases = [] }: Description): Description & { aliases: readonly string[] } {
  return { name, usage, aliases };
}

/** A text; undefined when not given. */
export function text(declared: Description & { readonly placeholder?: string }): Flag<string | undefined> {
  return {
    ...describe(declared),
    placeholder: declared.placeholder ?? "string",
    initial: undefined,
    accept: (value) => value,
  };
}

/** A text that may be given several times. */
export function texts(declared: Description & { readonly placeholder?: string }): Flag<readonly string[]> {
  return {
    ...describe(declared),
    placeholder: declared.placeholder ?? "string",
    initial: [],
    accept: (value, previous) => [...previous, value],
  };
}

/** A switch: `-name`, `-name=true`, `-name=false`. */
export function toggle(declared: Description & { readonly initial?: boolean }): Flag<boolean> {
  return {
    ...describe(declared),
    placeholder: undefined,
    initial: declared.initial ?? false,
    accept: parseBoolean,
  };
}

/** An integer in decimal or, with `0x`, in hex; undefined when not given. */
export function integer(declared: Description): Flag<number | undefined> {
  return { ...describe(declared), placeholder: "int", initial: undefined, accept: parseInteger };
}

/** One word of a list; undefined when not given. */
export function choice<const T extends string>(
  declared: Description & { readonly of: readonly T[] },
): Flag<T | undefined> {
  return {
    ...describe(declared),
    placeholder: "string",
    initial: undefined,
    accept(value) {
      const chosen = declared.of.find((each) => each === value);
      if (chosen === undefined) throw new FlagValueError(`expected one of ${declared.of.join(", ")}`);
      return chosen;
    },
  };
}

const TRUE = ["1", "t", "T", "true", "TRUE", "True"];
const FALSE = ["0", "f", "F", "false", "FALSE", "False"];

function parseBoolean(value: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new FlagValueError(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function parseInteger(value: string): number {
  const quoted = JSON.stringify(value);
  if (!/^[+-]?(\d+|0[xX][0-9a-fA-F]+)$/.test(value)) {
    throw new FlagValueError(`strconv.ParseInt: parsing ${quoted}: invalid syntax`);
  }
  const digits = value.replace(/^[+-]/, "");
  const number = value.startsWith("-") ? -Number(digits) : Number(digits);
  if (!Number.isSafeInteger(number)) {
    throw new FlagValueError(`strconv.ParseInt: parsing ${quoted}: value out of range`);
  }
  return number;
}
