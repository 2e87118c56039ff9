// SPDX-License-Identifier: Apache-2.0
/** What a rekey looks like in answers: fields that both families of endpoints have. */
import type { RekeyStatus } from "@sealwright/core";
import { type RekeyDetails, startedFields } from "./details.ts";
import type { CompletedRekey, RekeyState } from "./rekey-service.ts";

/** An attempt's numbers and what its officers should know of it; without the PGP fields, which families show apart. */
export function attemptFields(status: RekeyStatus<RekeyDetails>) {
  return {
    nonce: status.nonce,
    started: true,
    t: status.numbers.threshold,
    n: status.numbers.shares,
    progress: status.progress,
    required: status.required,
    verification_required: status.verification === "prove",
    ...startedFields(status),
  };
}

/** Fingerprints and backup of an attempt whose shares are encrypted. */
export function pgpFields({ details }: RekeyStatus<RekeyDetails>) {
  return { pgp_fingerprints: details.fingerprints, backup: details.backup };
}

/** The state as the unauthenticated family shows it. */
export function rekeyState({ required, current }: RekeyState) {
  if (current === undefined) {
    const none = { nonce: "", started: false, t: 0, n: 0, progress: 0, required };
    return { ...none, pgp_fingerprints: null, backup: false, verification_required: false };
  }
  const { started_by, started_at, verification_required, ...attempt } = attemptFields(current);
  return {
    ...attempt,
    ...pgpFields(current),
    verification_required,
    ...(current.verifying === undefined ? {} : { verification_nonce: current.verifying.nonce }),
    started_by,
    started_at,
  };
}

/** The proof of the new shares. */
export function verificationState({ numbers, verifying }: RekeyStatus<RekeyDetails>) {
  return {
    nonce: verifying?.nonce ?? "",
    started: verifying !== undefined,
    t: numbers.threshold,
    n: numbers.shares,
    progress: verifying?.progress ?? 0,
  };
}

/** The new shares. */
export function completedRekey({ nonce, answer }: CompletedRekey) {
  return {
    nonce,
    complete: true,
    keys: answer.keys,
    keys_base64: answer.keys_base64,
    pgp_fingerprints: answer.fingerprints,
    backup: answer.backup,
    verification_required: answer.verification,
  };
}
