// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import type { JsonObject } from "../output/json-text.ts";
import { columns } from "../output/table.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The active key term as people read it: from the body of `sys/key-status`, or its like. */
export function keyStatusTable(body: JsonObject): string {
  return columns([
    ["Key Term", textField(body, "term")],
    ["Install Time", shortTime(textField(body, "install_time"))],
    ["Encryption Count", textField(body, "encryptions")],
  ]);
}

/** The active key term, from `sys/key-status`, as `operator key-status` and `operator rotate` print it. */
export function keyStatusResult({ body, text }: Answer): Result {
  return {
    table: () => keyStatusTable(body),
    value: { term: body.term, install_time: body.install_time, encryptions: body.encryptions },
    raw: text,
  };
}

/** RFC 3339 as `21 Nov 26 01:33 UTC`; a text that is no time stays as it is. */
function shortTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${two(time.getUTCDate())} ${MONTHS[time.getUTCMonth()]} ${two(time.getUTCFullYear() % 100)}`;
  return `${day} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())} UTC`;
}
