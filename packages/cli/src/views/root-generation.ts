// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { booleanField, numberField, textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import { columns, type Row } from "../output/table.ts";

/** The state of a root generation, from `sys/generate-root/attempt` or `update`. */
export function rootGenerationResult({ body, text }: Answer): Result {
  const optional: readonly (readonly [string, string])[] = [
    ["PGP Fingerprint", textField(body, "pgp_fingerprint")],
    ["OTP", textField(body, "otp")],
    ["OTP Length", numberField(body, "otp_length") === 0 ? "" : textField(body, "otp_length")],
    ["Encoded Token", textField(body, "encoded_token")],
    ["Started By", textField(body, "started_by")],
    ["Started At", textField(body, "started_at")],
  ];
  const rows: readonly Row[] = [
    ["Nonce", textField(body, "nonce")],
    ["Started", textField(body, "started")],
    ["Progress", `${numberField(body, "progress")}/${numberField(body, "required")}`],
    ["Complete", textField(body, "complete")],
    ...optional.filter(([, value]) => value !== ""),
  ];
  return {
    table: () => columns(rows),
    value: {
      nonce: textField(body, "nonce"),
      started: booleanField(body, "started"),
      progress: numberField(body, "progress"),
      required: numberField(body, "required"),
      complete: booleanField(body, "complete"),
      encoded_token: textField(body, "encoded_token"),
      encoded_root_token: textField(body, "encoded_root_token"),
      pgp_fingerprint: textField(body, "pgp_fingerprint"),
      otp: textField(body, "otp"),
      otp_length: numberField(body, "otp_length"),
      started_by: body.started_by,
      started_at: body.started_at,
    },
    raw: text,
  };
}
