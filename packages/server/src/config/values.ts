// SPDX-License-Identifier: Apache-2.0
/**
 * The kinds of values that settings have. Each schema takes what a file or a variable gives (text, number, boolean or a
 * list of these) as loosely as Vault does: numbers and booleans may stand in quotes. Every message begins `expected`.
 */
import { booleanText } from "@sealwright/seal";
import * as z from "zod";
import { DURATION, expectedDuration, parseDuration } from "./duration.ts";

const CONTROL_CHARACTER = /\p{Cc}/u;

/** One line of text. */
export const text = z
  .union([z.string(), z.union([z.number(), z.bigint()]).transform(String)], { error: "expected a text in quotes" })
  .refine((value) => !CONTROL_CHARACTER.test(value), "expected a text without control characters");

const FLAG = "expected true or false";
/** `true` or `false`, as a value, a text, or 1 and 0. */
export const flag = z.union([z.boolean(), booleanText, z.literal([0, 1]).transform((value) => value === 1)], {
  error: FLAG,
});

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  const digits = z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number);
  return z.union([z.int(), digits], { error }).pipe(z.number().min(min, error).max(max, error));
}

/** Milliseconds. */
export const duration = z
  .union([z.string(), z.number(), z.bigint()], { error: `expected ${DURATION}` })
  .transform((given, context) => {
    const milliseconds = parseDuration(given);
    if (milliseconds !== undefined) return milliseconds;
    context.addIssue({ code: "custom", message: `expected ${expectedDuration(given)}` });
    return z.NEVER;
  });

/** Beyond, a timer of Node.js would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Milliseconds that a timer counts; 0 is for no timer. */
export const timeout = duration.refine((value) => value <= LONGEST_TIMER, "expected a duration of at most 596h");

/** Milliseconds that something may take. */
export const limit = timeout.refine((value) => value >= 1, "expected a duration of at least 1ms");

/** Whether values of `schema` are durations, in milliseconds. */
export function isDuration(schema: z.ZodType): boolean {
  return [duration, timeout, limit].some((each) => each === schema);
}

/** One of a few words, in any case. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  const error = `expected one of ${words.join(", ")}`;
  return z.string({ error }).toLowerCase().pipe(z.enum(words, { error }));
}

/** `a,b` or `["a", "b"]`, lower-cased. */
export const words = z
  .union([z.array(z.string()), z.string().transform((value) => value.split(","))], {
    error: "expected a list of texts, or one text with commas",
  })
  .transform((list) => list.map((word) => word.trim().toLowerCase()).filter((word) => word !== ""));

/** Where a listener listens. An empty host is every interface. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = "expected an address with a port, such as 127.0.0.1:8200 or [::1]:8200";
/** `host:port`; without a host, every interface. */
export const listenAddress = z
  .string({ error: ADDRESS })
  .regex(/^(\[[0-9a-fA-F:.%\w]+\]|[\w.-]*):\d{1,5}$/, ADDRESS)
  .transform((value): ListenAddress => {
    const colon = value.lastIndexOf(":");
    return { host: value.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(value.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, "expected a port from 0 to 65535");

/** An address that clients use. */
export const url = z
  .string({ error: "expected a URL in quotes" })
  .refine((value) => /^https?:\/\/./.test(value) && URL.canParse(value), {
    error: "expected a URL that begins with http:// or https://",
  });
