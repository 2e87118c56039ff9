// SPDX-License-Identifier: Apache-2.0
import { during, exitCode, ServerError, UsageError } from "../errors.ts";
import { booleanField } from "../http/fields.ts";
import { say, warn } from "../io.ts";
import { show } from "../output/format.ts";
import { rekeyStatusResult, verificationStatusResult } from "../views/rekey-status.ts";
import { showSecret } from "../views/secret.ts";
import type { RekeyAttempt } from "./attempt.ts";
import { otherInProgress } from "./other-target.ts";

/** Shows the rekey in progress, or that there is none, and then whether there is one of the other target. */
export async function showRekey(attempt: RekeyAttempt): Promise<number> {
  const { client, paths, family, io, format } = attempt;
  const answer = await during(`Error reading ${family.words.status} status`, () => client.request("GET", paths.init));
  show(io, format, rekeyStatusResult(answer, family));
  if (booleanField(answer.body, "started")) return exitCode.ok;
  const meant = await otherInProgress(attempt);
  if (meant !== undefined) warn(io, meant);
  return exitCode.ok;
}

/** Shows how many new shares have been proved. */
export async function showVerification({ client, paths, family, io, format }: RekeyAttempt): Promise<number> {
  const answer = await during(`Error reading ${family.words.status} status`, () => client.request("GET", paths.verify));
  show(io, format, verificationStatusResult(answer));
  return exitCode.ok;
}

/** Ends the rekey in progress and forgets its shares. Throws `UsageError` where only the other target has one. */
export async function cancelRekey(attempt: RekeyAttempt, nonce: string | undefined): Promise<number> {
  const meant = (await isStarted(attempt)) ? undefined : await otherInProgress(attempt);
  if (meant !== undefined) throw new UsageError(meant);
  return cancel(attempt, attempt.paths.init, nonce);
}

/** Starts the verification in progress anew: the new shares given so far are forgotten. */
export function cancelVerification(attempt: RekeyAttempt, nonce: string | undefined): Promise<number> {
  return cancel(attempt, attempt.paths.verify, nonce);
}

/** Shows the PGP-encrypted shares that the server keeps. */
export async function retrieveBackup({ client, paths, family, io, format }: RekeyAttempt): Promise<number> {
  const answer = await during(`Error retrieving ${family.words.process} backed up keys`, () =>
    client.request("GET", paths.backup),
  );
  showSecret(io, format, answer, undefined);
  return exitCode.ok;
}

/** Deletes the PGP-encrypted shares that the server keeps. */
export async function deleteBackup({ client, paths, family, io }: RekeyAttempt): Promise<number> {
  await during(`Error deleting ${family.words.process} backed up keys`, () => client.request("DELETE", paths.backup));
  say(io, "Success! Deleted backed up keys (if they existed)");
  return exitCode.ok;
}

async function cancel({ client, family, io }: RekeyAttempt, path: string, nonce: string | undefined): Promise<number> {
  await during(`Error canceling ${family.words.process}`, () =>
    client.request("DELETE", path, nonce === undefined ? {} : { body: { nonce } }),
  );
  say(io, `Success! Canceled ${family.words.doing} (if it was started)`);
  return exitCode.ok;
}

/** Whether a rekey of the target is in progress; one that may not be seen may be. */
async function isStarted({ client, paths }: RekeyAttempt): Promise<boolean> {
  try {
    return booleanField((await client.prepare("GET", paths.init)).body, "started");
  } catch (error) {
    if (error instanceof ServerError) return true;
    throw error;
  }
}
