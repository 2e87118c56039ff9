// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { booleanField, listField, numberField, textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import { goValue } from "../output/go-value.ts";
import type { JsonObject } from "../output/json-text.ts";
import { keyValueTable, type Row } from "../output/table.ts";
import type { RekeyFamily } from "../rekey/family.ts";

/** The state of a rekey, from its `init` or `update` endpoint. */
export function rekeyStatusResult({ body, text }: Answer, family: RekeyFamily): Result {
  return {
    table: () =>
      keyValueTable([
        ["Nonce", textField(body, "nonce")],
        ["Started", textField(body, "started")],
        ...(booleanField(body, "started") ? startedRows(body, family) : []),
      ]),
    value: {
      nonce: textField(body, "nonce"),
      started: booleanField(body, "started"),
      t: numberField(body, "t"),
      n: numberField(body, "n"),
      progress: numberField(body, "progress"),
      required: numberField(body, "required"),
      pgp_fingerprints: body.pgp_fingerprints ?? null,
      backup: booleanField(body, "backup"),
      verification_required: booleanField(body, "verification_required"),
      verification_nonce: textField(body, "verification_nonce"),
      started_by: body.started_by,
      started_at: body.started_at,
    },
    raw: text,
  };
}

/** The state of a verification, from the `verify` endpoint. */
export function verificationStatusResult({ body, text }: Answer): Result {
  return {
    table: () =>
      keyValueTable([
        ["Started", textField(body, "started")],
        ["New Shares", textField(body, "n")],
        ["New Threshold", textField(body, "t")],
        ["Verification Nonce", textField(body, "nonce")],
        ["Verification Progress", `${numberField(body, "progress")}/${numberField(body, "t")}`],
      ]),
    value: {
      nonce: textField(body, "nonce"),
      started: booleanField(body, "started"),
      t: numberField(body, "t"),
      n: numberField(body, "n"),
      progress: numberField(body, "progress"),
    },
    raw: text,
  };
}

/** What an officer should know before giving a share: who started the attempt, when, and what comes of it. */
export function startedRows(body: JsonObject, family: RekeyFamily): readonly Row[] {
  const rows: Row[] = [[family.words.progress, `${numberField(body, "progress")}/${numberField(body, "required")}`]];
  // A new root key of an auto seal has no shares.
  if (numberField(body, "n") > 0) {
    rows.push(["New Shares", textField(body, "n")], ["New Threshold", textField(body, "t")]);
  }
  rows.push(["Verification Required", String(booleanField(body, "verification_required"))]);
  if (textField(body, "verification_nonce") !== "") {
    rows.push(["Verification Nonce", textField(body, "verification_nonce")]);
  }
  if (listField(body, "pgp_fingerprints").length > 0) {
    rows.push(
      ["PGP Fingerprints", goValue(listField(body, "pgp_fingerprints"))],
      ["Backup", String(booleanField(body, "backup"))],
    );
  }
  for (const [name, title] of [
    ["started_by", "Started By"],
    ["started_at", "Started At"],
  ] as const) {
    if (textField(body, name) !== "") rows.push([title, textField(body, name)]);
  }
  return rows;
}
