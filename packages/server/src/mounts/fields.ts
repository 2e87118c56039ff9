// SPDX-License-Identifier: Apache-2.0
/** Fields as Vault's framework takes them: numbers and booleans may come as text, since its command line sends text. */
import * as z from "zod";
import { parseDuration } from "../config/duration.ts";
import { HttpError } from "../http/problem.ts";

const UINT32_MAX = 2 ** 32 - 1;
const INTEGER = /^-?\d+$/;
/** A map, since an object would have an answer to `constructor` too. */
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "t", "1"].map((word) => [word, true] as const),
  ...["false", "f", "0"].map((word) => [word, false] as const),
]);

/** A value that `convert` understands; its answer undefined means that it does not. */
function converted<T>(expected: string, convert: (value: string | number | boolean) => T | undefined) {
  return z.union([z.string(), z.number(), z.boolean()], { error: expected }).transform((value, context): T => {
    const result = convert(value);
    if (result !== undefined) return result;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  });
}

function toInteger(value: unknown): number | undefined {
  const number = typeof value === "string" && INTEGER.test(value.trim()) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

/** A number of versions, u32. */
export const versionCount = converted("expected a whole number from 0 to 4294967295", (value) => {
  const number = toInteger(value);
  return number !== undefined && number >= 0 && number <= UINT32_MAX ? number : undefined;
});

/** A whole number, also as text. */
export const integer = converted("expected a whole number", toInteger);

/** A truth value, also as text. */
export const bool = converted("expected true or false", (value) => WORDS.get(String(value).toLowerCase()));

function seconds(value: string | number | boolean): number | undefined {
  if (typeof value === "boolean") return undefined;
  const milliseconds = value === "" ? 0 : parseDuration(value);
  return milliseconds === undefined ? undefined : Math.floor(milliseconds / 1000);
}

/** Whole seconds. */
export const duration = converted("expected a duration such as 90s or 768h, or a number of seconds", seconds);

/** Whole seconds; any negative duration is -1. */
export const signedDuration = converted(
  "expected a duration such as 90s or 768h, a number of seconds, or a negative one to switch it off",
  (value) => {
    const text = String(value).trim();
    if (!text.startsWith("-")) return seconds(value);
    const positive = seconds(text.slice(1));
    return positive === 0 || positive === undefined ? positive : -1;
  },
);

/** A query parameter that is a whole number, 0 where there is none. Throws 400. */
export function integerParameter(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? "";
  if (text === "") return 0;
  const number = toInteger(text);
  if (number === undefined) throw new HttpError(400, `the parameter ${name} is not a whole number`);
  return number;
}

/** Seconds as Go writes a duration: `0s`, `1m30s`, `768h0m0s`. */
export function durationText(total: number): string {
  if (total < 0) return `-${durationText(-total)}`;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = `${total % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
