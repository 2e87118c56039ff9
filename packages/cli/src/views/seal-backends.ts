// SPDX-License-Identifier: Apache-2.0
/** How `seal status` shows the seals: what everybody may see, and the rest where the token allows it. */
import type { Answer } from "../http/client.ts";
import { booleanField, listField, textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import { isObject, type JsonObject } from "../output/json-text.ts";
import { keyValueTable, type Row, table } from "../output/table.ts";

function objects(body: JsonObject, name: string): readonly JsonObject[] {
  return listField(body, name).filter(isObject);
}

function health(seal: JsonObject): string {
  if (!booleanField(seal, "configured")) return "not open";
  return textField(seal, "state") || (booleanField(seal, "healthy") ? "healthy" : "unhealthy");
}

function use(seal: JsonObject): string {
  return textField(seal, "use") || (booleanField(seal, "disabled") ? "disabled" : "enabled");
}

function sealRow(seal: JsonObject): Row {
  const order = booleanField(seal, "first") ? `${textField(seal, "priority")} (first)` : textField(seal, "priority");
  const current = seal.up_to_date === undefined ? "" : booleanField(seal, "up_to_date") ? "yes" : "no";
  const last = textField(seal, "last_good");
  return [textField(seal, "name"), textField(seal, "type"), use(seal), order, health(seal), current, last];
}

function wrappedRows(seal: JsonObject): Row[] {
  return objects(seal, "wrapped").map((entry) => [
    textField(seal, "name"),
    textField(entry, "key_id"),
    textField(entry, "path"),
  ]);
}

function layerRows(body: JsonObject): Row[] {
  return objects(body, "seal_wrapped").map((entry) => [textField(entry, "path"), textField(entry, "key_id")]);
}

function outstandingRows(seal: JsonObject): Row[] {
  return objects(seal, "outstanding").map((entry) => [
    textField(seal, "name"),
    textField(entry, "path"),
    textField(entry, "generation"),
  ]);
}

function wrongRows(seal: JsonObject): Row[] {
  const reason = textField(seal, "reason");
  const since = textField(seal, "unhealthy_since");
  return reason === "" && since === "" ? [] : [[textField(seal, "name"), since, reason]];
}

function section(heading: Row, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : [table(heading, rows)];
}

/** Said where the token lets see that several seals open the storage. */
function weakest(seals: readonly JsonObject[]): string[] {
  const able = seals.filter((seal) => seal.use !== undefined && seal.use !== "new");
  return able.length < 2
    ? []
    : ["Any one of these seals opens the storage, which is as strong as the weakest of them."];
}

function tables(body: JsonObject): string {
  const seals = objects(body, "backends");
  return [
    keyValueTable([
      ["Healthy", textField(body, "healthy")],
      ["Fully Wrapped", textField(body, "fully_wrapped")],
    ]),
    table(["Name", "Type", "Use", "Priority", "State", "Up To Date", "Last Good Call"], seals.map(sealRow)),
    ...weakest(seals),
    ...section(["What Is Wrong With", "Since", "Reason"], seals.flatMap(wrongRows)),
    ...section(["Wrapped By", "Key", "Entry"], seals.flatMap(wrappedRows)),
    ...section(["Seal-Wrapped Entry", "Key"], layerRows(body)),
    ...section(["Outstanding For", "Entry", "Generation"], seals.flatMap(outstandingRows)),
  ].join("\n\n");
}

/** The answer of `sys/seal-backend-status` as `seal status` prints it. */
export function sealBackendsResult({ body, text }: Answer): Result {
  return { table: () => tables(body), value: body, raw: text };
}
