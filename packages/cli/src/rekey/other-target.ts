// SPDX-License-Identifier: Apache-2.0
/** Help for whoever forgot `-target`: the attempt that was meant may be the other target's. */
import { ServerError } from "../errors.ts";
import { booleanField } from "../http/fields.ts";
import { paragraph } from "../output/wrap.ts";
import { commandName } from "../product.ts";
import type { RekeyAttempt } from "./attempt.ts";
import { otherTarget } from "./family.ts";

/** What to say where no rekey of the attempt's target is in progress: which flag to add, or how to start one. */
export async function notInProgress(attempt: RekeyAttempt): Promise<string> {
  const { process } = attempt.family.words;
  const meant = await otherInProgress(attempt);
  if (meant !== undefined) return meant;
  return paragraph(
    `No ${process} is in progress. Start a ${process} process by running "${commandName} ${attempt.family.command} ` +
      '-init".',
  );
}

/** The flag to add, where a rekey of the other target is in progress; undefined where there is none. */
export async function otherInProgress({ client, family, target }: RekeyAttempt): Promise<string | undefined> {
  const other = otherTarget(target);
  try {
    const status = await client.prepare("GET", family.paths[other].init);
    if (!booleanField(status.body, "started")) return undefined;
  } catch (error) {
    // A server that won't say has none.
    if (error instanceof ServerError) return undefined;
    throw error;
  }
  return paragraph(
    `No ${family.words.process} is in progress for -target=${target}, but there is one for the other target: add ` +
      `-target=${other}.`,
  );
}
