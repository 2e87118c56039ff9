// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { booleanField, listField, numberField, textField } from "../http/fields.ts";
import type { Result } from "../output/format.ts";
import type { JsonObject } from "../output/json-text.ts";
import { paragraph } from "../output/wrap.ts";
import { commandName, productName } from "../product.ts";
import { keyName, type RekeyFamily, type Target } from "../rekey/family.ts";

/**
 * The end of a rekey: the new key shares and what to do with them. `status` is the attempt's state before the last
 * share, which has the numbers that the last answer lacks.
 */
export function completedRekey(
  { body, text }: Answer,
  target: Target,
  family: RekeyFamily,
  status: JsonObject,
): Result {
  return {
    table: () => completedText(body, target, family, status),
    value: {
      nonce: textField(body, "nonce"),
      complete: booleanField(body, "complete"),
      keys: body.keys ?? null,
      keys_base64: body.keys_base64 ?? null,
      pgp_fingerprints: body.pgp_fingerprints ?? null,
      backup: booleanField(body, "backup"),
      verification_required: booleanField(body, "verification_required"),
      verification_nonce: textField(body, "verification_nonce"),
    },
    raw: text,
  };
}

/** The end of a verification. */
export function verified({ body, text }: Answer, { words }: RekeyFamily): Result {
  const process = words.process[0]!.toUpperCase() + words.process.slice(1);
  const told = `${process} verification successful. The ${words.operation} is complete and the new keys are now active.`;
  return { table: () => paragraph(told), value: body, raw: text };
}

/** The remark that shares which are not verified yet do not work yet. */
export function verificationPending(target: Target, { words }: RekeyFamily): string {
  const loss = target === "barrier" ? `unable to unseal ${productName}` : `unable to authenticate with ${productName}`;
  return [
    "Again, these key shares are _not_ valid until verification is performed. Do not lose or discard your current key " +
      `shares until after verification is complete or you will be ${loss}. If you cancel the ${words.process} process ` +
      `or seal ${productName} before verification is complete the new shares will be discarded and the current shares ` +
      "will remain valid.",
    "The current verification status, including initial nonce, is shown below.",
  ]
    .map(paragraph)
    .join("\n");
}

function completedText(body: JsonObject, target: Target, family: RekeyFamily, status: JsonObject): string {
  const keys = listField(body, "keys_base64");
  if (keys.length === 0) return "\n\nBarrier root key rotated using recovery keys.";
  const fingerprints = listField(body, "pgp_fingerprints");
  const lines = keys.map((key, at) =>
    fingerprints[at] === undefined
      ? `Key ${at + 1}: ${key}`
      : `Key ${at + 1} fingerprint: ${fingerprints[at]}; value: ${key}`,
  );
  const sections = [
    lines.join("\n"),
    `Operation nonce: ${textField(body, "nonce")}`,
    ...(booleanField(body, "backup") ? [backupAdvice(target, family)] : []),
    ...keyAdvice(body, target, family, numberField(status, "n"), numberField(status, "t")),
  ];
  return `\n${sections.join("\n\n")}`;
}

function keyAdvice(
  body: JsonObject,
  target: Target,
  { words }: RekeyFamily,
  shares: number,
  threshold: number,
): readonly string[] {
  const name = keyName(target);
  const pending = booleanField(body, "verification_required");
  const made = pending
    ? `${productName} has created a new ${name} key, split into ${shares} key shares and a key threshold of ` +
      `${threshold}. These will not be active until after verification is complete.`
    : `${productName} ${name} keys ${words.done} to ${shares} key shares and a key threshold of ${threshold}.`;
  const needed =
    target === "barrier"
      ? ` When ${productName} is re-sealed, restarted, or stopped, you must supply at least ${threshold} of these keys ` +
        "to unseal it before it can start servicing requests."
      : "";
  const main = paragraph(`${made} Please securely distribute the key shares printed above.${needed}`);
  const without =
    target === "barrier"
      ? `Without at least ${threshold} of these keys nothing can open the storage.`
      : `Without at least ${threshold} of these keys no ceremony can be authorised.`;
  const other = `The data key is replaced by -compromised, or by "${commandName} operator rotate".`;
  return pending ? [main] : [main, paragraph(`${without} ${other}`)];
}

function backupAdvice(target: Target, { command }: RekeyFamily): string {
  const flags = target === "barrier" ? "-backup-delete" : "-backup-delete -target=recovery";
  return paragraph(
    `The encrypted ${keyName(target)} keys are backed up to "core/${keyName(target)}-keys-backup" in the storage ` +
      `backend. Remove these keys at any time using "${commandName} ${command} ${flags}". ${productName} does not ` +
      "automatically remove these keys.",
  );
}
