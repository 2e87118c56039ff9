// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import type { Answer } from "../http/client.ts";
import { listField, numberField, objectField, textField } from "../http/fields.ts";
import { type Io, sayBare, warn } from "../io.ts";
import { asDurationIfNamedSo, humanDuration } from "../output/duration.ts";
import { type Format, type Result, show } from "../output/format.ts";
import { goQuotedList, goValue } from "../output/go-value.ts";
import { type JsonObject, membersOf, sortedKeys, sortMembers, toJson } from "../output/json-text.ts";
import { keyValueTable, type Row } from "../output/table.ts";
import { paragraph } from "../output/wrap.ts";
import { productName } from "../product.ts";

/** A server's answer in Vault's envelope, printed as its fields or as one field. */
export function showSecret(io: Io, format: Format, answer: Answer, field: string | undefined): void {
  if (field !== undefined) {
    showField(io, format, fieldOf(answer.body, field), field);
    return;
  }
  if (format === "table") showWarnings(io, answer.body);
  show(io, format, secretResult(answer));
}

/** The envelope in each format; the table holds lease, login and data, sorted by name. */
export function secretResult({ body, text }: Answer): Result {
  return { table: () => keyValueTable(secretRows(body)), value: secretValue(body), raw: text };
}

/** Prints the server's remarks on standard error. */
export function showWarnings(io: Io, body: JsonObject): void {
  const warnings = listField(body, "warnings");
  if (warnings.length === 0) return;
  warn(io, `WARNING! The following warnings were returned from ${productName}:\n`);
  for (const warning of warnings) warn(io, `${paragraph(`* ${warning}`).replace(/^/gm, "  ")}\n`);
}

/** Prints one value bare, so that scripts get it; JSON and YAML quote it. Throws `UsageError` when there is none. */
export function showField(io: Io, format: Format, value: unknown, field: string): void {
  if (value === undefined) throw new UsageError(`Field ${JSON.stringify(field)} not present in secret`);
  if (format === "json" || format === "yaml") {
    show(io, format, { table: () => "", value: sortedKeys(value) });
    return;
  }
  sayBare(io, typeof value === "object" && membersOf(value) !== undefined ? toJson(sortedKeys(value)) : goValue(value));
}

/** Key and value rows of a data object, sorted, with durations written as such. */
export function dataRows(data: JsonObject): readonly Row[] {
  return sortMembers(Object.entries(data)).map(([key, value]) => [key, goValue(asDurationIfNamedSo(key, value))]);
}

function secretRows(body: JsonObject): readonly Row[] {
  const rows: Row[] = [];
  if (textField(body, "lease_id") !== "") {
    rows.push(
      ["lease_id", textField(body, "lease_id")],
      ["lease_duration", humanDuration(numberField(body, "lease_duration"))],
      ["lease_renewable", textField(body, "renewable")],
    );
  }
  const auth = objectField(body, "auth");
  if (auth !== undefined) rows.push(...authRows(auth));
  const data = objectField(body, "data");
  if (data !== undefined) rows.push(...dataRows(data));
  return rows;
}

function authRows(auth: JsonObject): readonly Row[] {
  const duration = numberField(auth, "lease_duration");
  const metadata = Object.entries(objectField(auth, "metadata") ?? {});
  return [
    ["token", textField(auth, "client_token")],
    ["token_accessor", textField(auth, "accessor")],
    ["token_duration", duration > 0 ? humanDuration(duration) : "∞"],
    ["token_renewable", textField(auth, "renewable")],
    ["token_policies", goQuotedList(listField(auth, "token_policies"))],
    ["identity_policies", goQuotedList(listField(auth, "identity_policies"))],
    ["policies", goQuotedList(listField(auth, "policies"))],
    ...sortMembers(metadata).map(([key, value]): Row => [`token_meta_${key}`, goValue(value)]),
  ];
}

function secretValue(body: JsonObject): JsonObject {
  return {
    request_id: textField(body, "request_id"),
    lease_id: textField(body, "lease_id"),
    lease_duration: body.lease_duration ?? 0,
    renewable: body.renewable ?? false,
    data: sortedKeys(body.data ?? null),
    warnings: body.warnings ?? null,
    auth: body.auth ?? undefined,
  };
}

/** A field by the names that the table shows, so also `token` and its companions. */
function fieldOf(body: JsonObject, field: string): unknown {
  const auth = objectField(body, "auth");
  switch (auth === undefined ? "" : field) {
    case "token":
      return auth?.client_token;
    case "token_accessor":
      return auth?.accessor;
    case "token_duration":
      return auth?.lease_duration;
    case "token_renewable":
      return auth?.renewable;
    case "token_policies":
    case "identity_policies":
    case "policies":
      return auth?.[field];
  }
  const data = objectField(body, "data");
  if (data !== undefined && Object.hasOwn(data, field)) return data[field];
  return ["lease_id", "lease_duration", "lease_renewable"].includes(field) && textField(body, "lease_id") !== ""
    ? body[field === "lease_renewable" ? "renewable" : field]
    : undefined;
}
