// SPDX-License-Identifier: Apache-2.0
import { during, exitCode, UsageError } from "../errors.ts";
import type { Answer } from "../http/client.ts";
import { booleanField, numberField, textField } from "../http/fields.ts";
import { completeSubmission, type Submission } from "../input/submission.ts";
import { say, warn } from "../io.ts";
import { show } from "../output/format.ts";
import type { JsonObject } from "../output/json-text.ts";
import { columns } from "../output/table.ts";
import { completedRekey, verificationPending, verified } from "../views/rekey-result.ts";
import { rekeyStatusResult, startedRows, verificationStatusResult } from "../views/rekey-status.ts";
import type { RekeyAttempt } from "./attempt.ts";
import type { RekeyFamily } from "./family.ts";
import { notInProgress } from "./other-target.ts";

/** Gives one share of the present key to the rekey in progress. */
export async function submitShare(attempt: RekeyAttempt, submission: Submission): Promise<number> {
  const { client, family, paths, format, io } = attempt;
  const status = await during(`Error getting ${family.words.status} status`, () => client.prepare("GET", paths.init));
  if (!booleanField(status.body, "started")) throw new UsageError(await notInProgress(attempt));
  const answer = await post(attempt, paths.update, submission, status.body);
  if (!booleanField(answer.body, "complete")) {
    show(io, format, rekeyStatusResult(answer, family));
    return exitCode.ok;
  }
  show(io, format, completedRekey(answer, attempt.target, family, status.body));
  if (booleanField(answer.body, "verification_required")) await showPendingVerification(attempt);
  return exitCode.ok;
}

/** Gives one share of the new key, to prove that its holder has it. */
export async function submitNewShare(attempt: RekeyAttempt, submission: Submission): Promise<number> {
  const { client, family, paths, format, io } = attempt;
  const status = await during(`Error getting ${family.words.status} status`, () => client.prepare("GET", paths.verify));
  if (!booleanField(status.body, "started")) throw new UsageError(await notInProgress(attempt));
  const answer = await post(attempt, paths.verify, submission, status.body);
  const complete = booleanField(answer.body, "complete");
  show(io, format, complete ? verified(answer, family) : verificationStatusResult(answer));
  return exitCode.ok;
}

async function post(
  { client, io, family }: RekeyAttempt,
  path: string,
  submission: Submission,
  status: JsonObject,
): Promise<Answer> {
  const body = await completeSubmission(io, submission, {
    currentNonce: textField(status, "nonce"),
    describe: (nonce) => `Rekey operation nonce: ${nonce}\n${describeAttempt(family, status)}`,
    prompt: "Key (will be hidden): ",
  });
  return during("Error posting unseal key", () => client.request("PUT", path, { body }));
}

/** A verification's status lacks what its rekey's has: who gives a new share has just been handed it. */
function describeAttempt(family: RekeyFamily, status: JsonObject): string {
  return numberField(status, "required") > 0 ? `${columns(startedRows(status, family))}\n` : "";
}

async function showPendingVerification({ client, family, target, paths, io, format }: RekeyAttempt): Promise<void> {
  warn(io, verificationPending(target, family));
  if (format !== "table") return;
  const status = await during("Error reading verification status", () => client.request("GET", paths.verify));
  say(io, "\n\n");
  show(io, format, verificationStatusResult(status));
}
