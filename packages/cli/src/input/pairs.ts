// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { isObject, parseJson } from "../output/json-text.ts";
import { reasonOf } from "./files.ts";

/** Data that a user gave as arguments; a `Map`, since a key may be any text. */
export type Data = ReadonlyMap<string, unknown>;

/**
 * Reads `key=value`, `key=@file`, `key=-` (standard input), `@file` and `-` (a whole JSON object). A value that begins
 * with `\@` begins with an at sign; a key given again makes a list. Throws `UsageError`, never naming a value.
 */
export async function parseData(args: readonly string[], io: Io): Promise<Data> {
  const data = new Map<string, unknown>();
  const stdin = onlyOnce(io);
  for (const arg of args) {
    if (arg === "-" || arg.startsWith("@")) {
      const source = arg === "-" ? "standard input" : arg.slice(1);
      const text = arg === "-" ? await stdin() : readFile(source);
      for (const [key, value] of objectIn(text, source)) add(data, key, value);
      continue;
    }
    const equals = arg.indexOf("=");
    if (equals <= 0) {
      throw new UsageError(`Failed to parse K=V data: argument ${args.indexOf(arg) + 1} is not in the form key=value`);
    }
    add(data, arg.slice(0, equals), await readValue(arg.slice(equals + 1), stdin));
  }
  return data;
}

/** `key=value` pairs whose values are texts as they stand, as for metadata and query parameters. */
export function parsePairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals <= 0) throw new UsageError(`Failed to parse K=V data: ${JSON.stringify(pair)}: expected key=value`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** The text of a file. Throws `UsageError`. */
export function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Error reading the file: open ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

async function readValue(value: string, stdin: () => Promise<string>): Promise<string> {
  if (value === "-") return stdin();
  if (value.startsWith("@")) return readFile(value.slice(1));
  return value.startsWith("\\@") ? value.slice(1) : value;
}

function onlyOnce(io: Io): () => Promise<string> {
  let taken = false;
  return () => {
    if (taken) throw new UsageError("Failed to parse K=V data: standard input (-) can be used only once");
    taken = true;
    return io.readStdin();
  };
}

function objectIn(text: string, source: string): readonly (readonly [string, unknown])[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    // The parser's message quotes the text, which is a secret.
    throw new UsageError(`Failed to parse K=V data: ${source} is not valid JSON`);
  }
  if (!isObject(value)) throw new UsageError(`Failed to parse K=V data: ${source} is not a JSON object`);
  return Object.entries(value);
}

function add(data: Map<string, unknown>, key: string, value: unknown): void {
  if (!data.has(key)) {
    data.set(key, value);
    return;
  }
  const before = data.get(key);
  data.set(key, Array.isArray(before) ? [...before, value] : [before, value]);
}
