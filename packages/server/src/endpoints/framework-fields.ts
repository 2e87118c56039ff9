// SPDX-License-Identifier: Apache-2.0
/** Fields as Vault's request framework takes them: numbers and flags may be texts, and a list one text with commas. */
import * as z from "zod";
import { parseObject } from "../http/body.ts";

const WHOLE = /^[+-]?\d{1,19}$/;
const TRUE = ["1", "t", "true"];
const FALSE = ["0", "f", "false", ""];

/** Vault's sentence for a field that does not convert. */
export function invalidField(name: string, why: string): string {
  return `Field validation failed: error converting input for field ${JSON.stringify(name)}: ${why}`;
}

/** A whole number, or a text of one. */
export const wholeNumber = z
  .union([z.int(), z.string().regex(WHOLE).transform(Number).pipe(z.int())], { error: "expected a whole number" })
  .default(0);

/** true or false, also as text. */
export const truth = z
  .union([z.boolean(), z.number().transform(String), z.string()], { error: "expected true or false" })
  .transform((value, context) => {
    if (typeof value === "boolean") return value;
    const text = value.toLowerCase();
    if (TRUE.includes(text)) return true;
    if (FALSE.includes(text)) return false;
    context.addIssue({ code: "custom", message: "cannot parse value as 'bool'" });
    return z.NEVER;
  });

/** Texts, or one with commas between them. */
export const textList = z
  .union([z.array(z.string()), z.string().transform((text) => text.split(",").map((each) => each.trim()))], {
    error: "expected a list of texts",
  })
  .transform((texts) => texts.filter((each) => each !== ""))
  .default([]);

/** A string; empty where the field is left out. */
export const text = z.string({ error: "expected a string" }).default("");

/** The warning about fields of the JSON object `body` that `schema` does not have; none where there are none. */
export function ignoredFields(body: string, schema: z.ZodObject): string[] {
  const known = new Set(Object.keys(schema.shape));
  const unknown = Object.keys(parseObject(body)).filter((name) => !known.has(name.toLowerCase()));
  return unknown.length === 0 ? [] : [`Endpoint ignored these unrecognized parameters: [${unknown.sort().join(" ")}]`];
}
