// SPDX-License-Identifier: Apache-2.0
/** Reading a request's JSON object as Go's decoder would: names in any case, `null` like absent, unknown ones ignored. */
import * as z from "zod";
import { HttpError } from "./problem.ts";

/** Throws 400, as Vault refuses a body: `why` says what is wrong with it. */
export function refuseJson(why: string): never {
  throw new HttpError(400, `failed to decode JSON input: ${why}`);
}

/** The JSON object in `text`; an empty body is an empty object. Throws 400. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuseJson("the body is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseJson("the body must be a JSON object");
  return value as Record<string, unknown>;
}

function fold(object: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const folded: Record<string, unknown> = {};
  for (const name of names) {
    const key = Object.hasOwn(object, name)
      ? name
      : Object.keys(object).find((each) => each.toLowerCase() === name.toLowerCase());
    const value = key === undefined ? undefined : object[key];
    if (value !== undefined && value !== null) folded[name] = value;
  }
  return folded;
}

/** The fields of `schema` in the JSON object `text`. Throws 400, naming the field and what it expects. */
export function readFields<Schema extends z.ZodObject>(text: string, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(fold(parseObject(text), Object.keys(schema.shape)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuseJson(`${issue?.path.join(".") || "body"}: ${issue?.message ?? "not valid"}`);
}

/** A Go `int`. */
export const int = z.int({ error: "expected a whole number" });
