// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { listField, objectField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import { table } from "../output/table.ts";

/** The keys of a list answer in each format; undefined when there are none. */
export function keyListResult(answer: Answer | undefined): Result | undefined {
  const keys = answer === undefined ? [] : listField(objectField(answer.body, "data") ?? {}, "keys").map(String);
  if (answer === undefined || keys.length === 0) return undefined;
  return {
    table: () =>
      table(
        ["Keys"],
        keys.map((key) => [key]),
      ),
    value: keys,
    raw: answer.text,
  };
}
