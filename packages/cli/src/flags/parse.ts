// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import { type Flag, type FlagSet, FlagValueError, type FlagValues } from "./flag.ts";
import { nearest } from "./nearest.ts";

/** What a command line came to. */
export interface Parsed<F extends FlagSet> {
  readonly flags: FlagValues<F>;
  /** What follows the flags. */
  readonly args: readonly string[];
  /** Arguments after the first positional one that look like flags of this command and were not read as such. */
  readonly misplaced: readonly string[];
  /** `-h` or `-help` was given; nothing else was checked. */
  readonly help: boolean;
}

const HELP = ["h", "help"];

/**
 * Reads a command line as Go's `flag` package does: one dash or two, `-flag=value` or `-flag value`, a boolean may
 * stand alone, flags end at `--`, at a bare `-` (standard input, an argument) or at the first argument. Throws
 * `UsageError` with Go's sentences; an unknown flag is told the nearest known one.
 */
export function parseFlags<F extends FlagSet>(declared: F, argv: readonly string[]): Parsed<F> {
  const byName = indexByName(declared);
  const values: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(declared)) values[key] = flag.initial;

  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === "--") return result(values, argv.slice(at + 1), [], false);
    if (!word.startsWith("-") || word === "-") break;
    const { name, value } = splitWord(word);
    const key = byName.get(name);
    if (key === undefined) {
      if (HELP.includes(name)) return result(values, [], [], true);
      throw unknownFlag(name, [...byName.keys()]);
    }
    const flag = declared[key]!;
    const given = value ?? (flag.placeholder === undefined ? "true" : nextWord(argv[++at], name));
    values[key] = acceptValue(flag, name, given, values[key]);
  }
  const args = argv.slice(at);
  return result(values, args, misplacedFlags(args, byName), false);

  function result(
    flags: Record<string, unknown>,
    rest: readonly string[],
    misplaced: readonly string[],
    help: boolean,
  ) {
    return { flags: flags as FlagValues<F>, args: rest, misplaced, help };
  }
}

function indexByName(declared: FlagSet): Map<string, string> {
  const byName = new Map<string, string>();
  for (const [key, flag] of Object.entries(declared)) {
    for (const name of [flag.name, ...flag.aliases]) byName.set(name, key);
  }
  return byName;
}

function splitWord(word: string): { name: string; value: string | undefined } {
  const body = word.replace(/^--?/, "");
  if (body === "" || body.startsWith("-") || body.startsWith("=")) throw new UsageError(`bad flag syntax: ${word}`);
  const equals = body.indexOf("=");
  if (equals < 0) return { name: body, value: undefined };
  return { name: body.slice(0, equals), value: body.slice(equals + 1) };
}

function nextWord(next: string | undefined, name: string): string {
  if (next === undefined) throw new UsageError(`flag needs an argument: -${name}`);
  return next;
}

function acceptValue(flag: Flag<unknown>, name: string, value: string, previous: unknown): unknown {
  try {
    return flag.accept(value, previous);
  } catch (error) {
    if (!(error instanceof FlagValueError)) throw error;
    const quoted = JSON.stringify(value);
    throw new UsageError(
      flag.placeholder === undefined
        ? `invalid boolean value ${quoted} for -${name}: ${error.message}`
        : `invalid value ${quoted} for flag -${name}: ${error.message}`,
      { cause: error },
    );
  }
}

function unknownFlag(name: string, known: readonly string[]): UsageError {
  const near = nearest(name, known);
  const advice = near === undefined ? "" : `. Did you mean -${near}?`;
  return new UsageError(`flag provided but not defined: -${name}${advice}`);
}

function misplacedFlags(args: readonly string[], byName: ReadonlyMap<string, string>): readonly string[] {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).filter((word) => {
    const name = /^--?([a-z][a-z-]*)/.exec(word)?.[1];
    return name !== undefined && byName.has(name);
  });
}
