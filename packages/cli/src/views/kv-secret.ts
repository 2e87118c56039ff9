// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { objectField } from "../http/fields.ts";
import type { Io } from "../io.ts";
import { type Format, show } from "../output/format.ts";
import { isObject, type JsonObject } from "../output/json-text.ts";
import { keyValueTable, tableTitle, titleOfWidth } from "../output/table.ts";
import { dataRows, secretResult, showWarnings } from "./secret.ts";

/** A KV version 1 secret: its data under a title. */
export function showVersion1(io: Io, format: Format, answer: Answer): void {
  showKv(io, format, answer, () => titledTable("Data", objectField(answer.body, "data") ?? {}));
}

/** A KV version 2 secret: where it is, its metadata, its data unless the version is deleted. */
export function showVersion2(io: Io, format: Format, path: string, answer: Answer): void {
  const { metadata, data } = objectField(answer.body, "data") ?? {};
  const tables = [
    ...(isObject(metadata) ? [titledTable("Metadata", metadata)] : []),
    ...(isObject(data) ? [titledTable("Data", data)] : []),
  ];
  showKv(io, format, answer, () => [titledPath("Secret Path", path), ...tables].join("\n\n"));
}

/** What a write to KV version 2 answers: where the secret is and the metadata of its new version. */
export function showWritten(io: Io, format: Format, path: string, answer: Answer): void {
  const metadata = objectField(answer.body, "data") ?? {};
  showKv(io, format, answer, () => `${titledPath("Secret Path", path)}\n\n${titledTable("Metadata", metadata)}`);
}

/** A path under a title. */
export function titledPath(title: string, path: string): string {
  return `${titleOfWidth(title, path.length)}\n${path}`;
}

/** A data object as a table under a title. */
export function titledTable(title: string, data: JsonObject): string {
  return `${tableTitle(title, Object.keys(data))}\n${keyValueTable(dataRows(data))}`;
}

function showKv(io: Io, format: Format, answer: Answer, table: () => string): void {
  if (format === "table") showWarnings(io, answer.body);
  show(io, format, { ...secretResult(answer), table });
}
