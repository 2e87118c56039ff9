// SPDX-License-Identifier: Apache-2.0
/** What is told of a ceremony besides its progress, so that holders can judge it before they give a share. */

/** Who began a ceremony. */
export interface StartedBy {
  /** The client's address; empty for the server itself. */
  readonly startedBy: string;
}

/** What a rekey's status tells of its request. */
export interface RekeyDetails extends StartedBy {
  /** In the order of the shares, lower-case hex; null without PGP. */
  readonly fingerprints: readonly string[] | null;
  readonly backup: boolean;
}

/** What a root generation's status tells of its request. */
export interface RootGenerationDetails extends StartedBy {
  /** Empty where a one-time password protects the token. */
  readonly fingerprint: string;
}

/** The fields that each status has beside Vault's. `startedAt` is in milliseconds since the epoch. */
export function startedFields({ details, startedAt }: { readonly details: StartedBy; readonly startedAt: number }) {
  return { started_by: details.startedBy, started_at: new Date(startedAt).toISOString() };
}
