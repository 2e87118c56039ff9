// SPDX-License-Identifier: Apache-2.0
import type { Answer, Client } from "../http/client.ts";
import { ApiError } from "../http/errors.ts";
import { booleanField, listField, numberField, textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import { isObject, type JsonObject } from "../output/json-text.ts";
import { keyValueTable, type Row } from "../output/table.ts";

/** The seal status, from `sys/seal-status` or `sys/unseal`, as `status` and `operator unseal` print it. */
export async function sealStatusResult(client: Client, status: Answer): Promise<Result> {
  const haEnabled = await readHaEnabled(client);
  return {
    table: () => keyValueTable(rows(status.body, haEnabled)),
    value: value(status.body, haEnabled),
    raw: status.text,
  };
}

/** A server that won't say is shown as one without high availability: the seal status is what was asked for. */
async function readHaEnabled(client: Client): Promise<boolean> {
  try {
    return booleanField((await client.request("GET", "sys/leader")).body, "ha_enabled");
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

/** Of seals of shares beside others, whose officers may unseal as well. */
function shareSealRows(status: JsonObject): readonly Row[] {
  return listField(status, "share_seals")
    .filter(isObject)
    .map((seal) => [
      `Unseal Progress (${textField(seal, "name")})`,
      `${numberField(seal, "progress")}/${numberField(seal, "t")}`,
    ]);
}

function rows(status: JsonObject, haEnabled: boolean): readonly Row[] {
  const sealed = booleanField(status, "sealed");
  const recovery = booleanField(status, "recovery_seal");
  const shown: (Row | undefined)[] = [
    ["Seal Type", textField(status, "type")],
    recovery ? ["Recovery Seal Type", textField(status, "recovery_seal_type")] : undefined,
    ["Initialized", textField(status, "initialized")],
    ["Sealed", String(sealed)],
    status.state_reason ? ["State", textField(status, "state_reason")] : undefined,
    [recovery ? "Total Recovery Shares" : "Total Shares", textField(status, "n")],
    ["Threshold", textField(status, "t")],
    sealed ? ["Unseal Progress", `${numberField(status, "progress")}/${numberField(status, "t")}`] : undefined,
    sealed ? ["Unseal Nonce", textField(status, "nonce")] : undefined,
    ...shareSealRows(status),
    booleanField(status, "migration") ? ["Seal Migration in Progress", "true"] : undefined,
    ["Version", textField(status, "version")],
    ["Commit Date", textField(status, "commit_date")],
    ["Storage Type", textField(status, "storage_type")],
    status.cluster_name ? ["Cluster Name", textField(status, "cluster_name")] : undefined,
    status.cluster_id ? ["Cluster ID", textField(status, "cluster_id")] : undefined,
    ["HA Enabled", String(haEnabled)],
  ];
  return shown.filter((row) => row !== undefined);
}

function value(status: JsonObject, haEnabled: boolean): JsonObject {
  return {
    type: textField(status, "type"),
    initialized: booleanField(status, "initialized"),
    sealed: booleanField(status, "sealed"),
    t: numberField(status, "t"),
    n: numberField(status, "n"),
    progress: numberField(status, "progress"),
    nonce: textField(status, "nonce"),
    version: textField(status, "version"),
    commit_date: textField(status, "commit_date"),
    migration: booleanField(status, "migration"),
    state: status.state,
    state_reason: status.state_reason,
    share_seals: status.share_seals,
    cluster_name: status.cluster_name,
    cluster_id: status.cluster_id,
    recovery_seal: booleanField(status, "recovery_seal"),
    recovery_seal_type: status.recovery_seal_type,
    storage_type: status.storage_type,
    build_date: textField(status, "build_date"),
    ha_enabled: haEnabled,
  };
}
