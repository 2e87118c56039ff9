// SPDX-License-Identifier: Apache-2.0
import * as z from "zod";

/** A JSON Schema, draft 2020-12, which is what OpenAPI 3.1 has. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a zod schema takes, as a JSON Schema. Conversions that only code can describe are left open. */
export function requestSchema(schema: z.ZodObject): JsonSchema {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io: "input",
    unrepresentable: "any",
  });
  return described;
}
