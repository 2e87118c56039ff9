// SPDX-License-Identifier: Apache-2.0
/** What goes into a rekey and what can be told of it. */
import type { ShareNumbers } from "@sealwright/seal";
import type { Change } from "../storage.ts";
import type { RekeyCommit } from "./target.ts";

/** What the new shares become on their way to their holders. */
export interface Delivery<Answer> {
  /** What is answered to whoever submitted the last share. */
  readonly answer: Answer;
  /** Entries for the batch that puts the key in force: a PGP-encrypted backup. */
  readonly entries: readonly Change[];
}

/** What a rekey is to make, and who gets it. */
export interface RekeyRequest<Answer, Details> {
  /** How the new key is split; zeros where nobody gets shares. */
  readonly numbers: ShareNumbers;
  /** `prove`: the new key takes effect only after a threshold of its shares was submitted again. */
  readonly verification: "none" | "prove";
  readonly term: RekeyCommit["term"];
  /** Whether a new root key may reach one seal of several only; refused with `FORCE_NEEDED` unless given. */
  readonly oneSealLeft?: RekeyCommit["oneSealLeft"];
  /** What the status shows besides: who started this, PGP fingerprints. No secret. */
  readonly details: Details;
  /** Makes the answer of the new shares (lent), before anything is stored. */
  deliver(shares: readonly Uint8Array[], nonce: string): Promise<Delivery<Answer>>;
}

/** The proof of new shares, while it lasts. */
export interface VerificationStatus {
  readonly nonce: string;
  readonly progress: number;
}

/** How far a rekey is. */
export interface RekeyStatus<Details> {
  readonly nonce: string;
  readonly numbers: ShareNumbers;
  readonly verification: "none" | "prove";
  readonly details: Details;
  /** Of the present shares. */
  readonly progress: number;
  readonly required: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** While the new shares are being proved. */
  readonly verifying: VerificationStatus | undefined;
}

/** What a submission came to: the attempt goes on, or here is the answer. */
export type Submission<Answer, Status> =
  | { readonly complete: false; readonly status: Status }
  | { readonly complete: true; readonly nonce: string; readonly answer: Answer };
