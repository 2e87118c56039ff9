// SPDX-License-Identifier: Apache-2.0
import { during, exitCode, UsageError } from "../errors.ts";
import { booleanField } from "../http/fields.ts";
import { say, warn } from "../io.ts";
import { show } from "../output/format.ts";
import { paragraph } from "../output/wrap.ts";
import { rekeyStatusResult } from "../views/rekey-status.ts";
import type { RekeyAttempt } from "./attempt.ts";
import { keyName, type RekeyFamily, type Target } from "./family.ts";

/** What a rekey is asked to make. */
export interface NewKey {
  /** The target was named, not assumed. */
  readonly targetGiven: boolean;
  readonly shares: number | undefined;
  readonly threshold: number | undefined;
  /** Base64 public keys, one per share. */
  readonly pgpKeys: readonly string[] | undefined;
  readonly backup: boolean;
  readonly verification: boolean;
  readonly compromised: boolean;
  readonly force: boolean;
}

const USUAL_NUMBERS = { shares: 5, threshold: 3 };

/** Starts a rekey; the answer tells its nonce. */
export async function startRekey(attempt: RekeyAttempt, key: NewKey): Promise<number> {
  const { family, target, client, io, format } = attempt;
  const rootKeyOnly = await during(`Error initializing ${family.words.process}`, async () => {
    const status = await client.prepare("GET", "sys/seal-status");
    const autoSeal = booleanField(status.body, "recovery_seal");
    if (autoSeal && !key.targetGiven) throw new UsageError(targetAdvice(family));
    return autoSeal && target === "barrier" && family.onlyTarget === undefined;
  });
  // On an auto seal a new root key is split for nobody, so numbers go along only when somebody gave them.
  const body = requestBody(key, rootKeyOnly ? {} : USUAL_NUMBERS);
  const answer = await during(`Error initializing ${family.words.process}`, () =>
    client.request(family.initMethod, attempt.paths.init, { body }),
  );
  if (rootKeyOnly) {
    if (format === "table") say(io, "\nRotating barrier root key using recovery shares.\n");
  } else if (key.pgpKeys === undefined) {
    warn(io, atStake(family, target));
    if (format === "table") say(io, "");
  }
  show(io, format, rekeyStatusResult(answer, family));
  return exitCode.ok;
}

function requestBody(key: NewKey, usual: Partial<typeof USUAL_NUMBERS>) {
  return {
    secret_shares: key.shares ?? usual.shares,
    secret_threshold: key.threshold ?? usual.threshold,
    pgp_keys: key.pgpKeys,
    backup: key.backup,
    require_verification: key.verification,
    ...(key.compromised && { compromised: true }),
    ...(key.force && { force: true }),
  };
}

function targetAdvice({ command }: RekeyFamily): string {
  return paragraph(
    `Nothing was started: the -target flag is missing. This server unseals itself, so "${command} -init" can mean two ` +
      "things. Add -target=recovery to replace the recovery key and its shares, or -target=barrier to make a new root " +
      "key, which has no shares.",
  );
}

function atStake({ words }: RekeyFamily, target: Target): string {
  return paragraph(
    "WARNING! If you lose the keys after they are returned, there is no recovery. Consider canceling this operation " +
      `and re-initializing with the -pgp-keys flag to protect the returned ${keyName(target)} keys along with -backup ` +
      `to allow recovery of the encrypted keys in case of emergency. You can delete the ${words.kept} later using the ` +
      "-backup-delete flag.",
  );
}
