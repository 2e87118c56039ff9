// SPDX-License-Identifier: Apache-2.0
/**
 * JSON whose integers stay exact beyond 2^53: Go writes int64 and uint64 as plain numbers. Uses the source text that
 * `JSON.parse` hands to its reviver and `JSON.rawJSON` (ECMAScript proposal "JSON.parse source text access").
 */
const INTEGER = /^-?\d+$/;

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** Parses JSON; integers become bigints, other numbers stay numbers. Throws `SyntaxError`. */
export function parseExact(text: string): unknown {
  return parse(text, (_key, value, context) =>
    typeof value === "number" && context.source !== undefined && INTEGER.test(context.source)
      ? BigInt(context.source)
      : value,
  );
}

/** Serializes with bigints as plain integers. */
export function stringifyExact(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? raw(String(each)) : each));
}
