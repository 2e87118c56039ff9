// SPDX-License-Identifier: Apache-2.0
/**
 * JSON that keeps what it read: a number that a double cannot hold keeps its digits, and maps are written with their
 * keys in Go's order.
 */

/** A number whose text a double would change, such as 12345678901234567890 or 1.10. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
// The source text that reaches a reviver is newer than TypeScript's declaration of it.
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** Parses JSON; a number that would lose digits becomes an `ExactNumber`. Throws `SyntaxError`. */
export function parseJson(text: string): unknown {
  return parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? new ExactNumber(source) : value,
  );
}

/** A JSON object (never an array, never null). */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Serializes on one line, for a request. Objects keep their order, `Map`s are written as objects. */
export function toJson(value: unknown): string {
  return write(value, undefined, "");
}

/** Serializes over several lines, indented by two spaces, for people and `jq`. */
export function toIndentedJson(value: unknown): string {
  return write(value, "  ", "\n");
}

/** The same value with the keys of every object in Go's order (by UTF-8 bytes). */
export function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  const members = membersOf(value);
  if (members === undefined) return value;
  // A Map, because an object would move keys that look like integers to the front.
  return new Map(sortMembers(members).map(([key, member]) => [key, sortedKeys(member)]));
}

/** The members of an object or a `Map`; undefined for any other value. */
export function membersOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (value instanceof Map) return [...(value as Map<string, unknown>)];
  return isObject(value) ? Object.entries(value).filter(([, member]) => member !== undefined) : undefined;
}

/** Members by key, in Go's order. */
export function sortMembers(members: readonly (readonly [string, unknown])[]): readonly (readonly [string, unknown])[] {
  return [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function write(value: unknown, indent: string | undefined, lineBreak: string): string {
  if (value instanceof ExactNumber) return value.text;
  const isArray = Array.isArray(value);
  const items = isArray
    ? value.map((item) => write(item, indent, lineBreak + (indent ?? "")))
    : membersOf(value)?.map(
        ([key, member]) =>
          `${JSON.stringify(key)}:${indent === undefined ? "" : " "}${write(member, indent, lineBreak + (indent ?? ""))}`,
      );
  if (items === undefined) return JSON.stringify(value ?? null);
  const [open, close] = isArray ? "[]" : "{}";
  if (items.length === 0) return `${open}${close}`;
  const inner = lineBreak + (indent ?? "");
  return `${open}${inner}${items.join(`,${inner}`)}${lineBreak}${close}`;
}
