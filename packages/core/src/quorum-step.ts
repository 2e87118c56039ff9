// SPDX-License-Identifier: Apache-2.0
import type { ShareNumbers } from "@sealwright/seal";
import type { Attempt } from "./ceremony.ts";
import { CoreError } from "./errors.ts";
import type { Quorum } from "./quorum.ts";
import { checkShare } from "./unseal.ts";

/** Throws `WRONG_NONCE` unless `given` names the attempt. The sentence does not tell the right one. */
export function checkNonce(expected: string, given: string): void {
  if (given === expected) return;
  const why =
    given === ""
      ? "no nonce supplied: it says which operation this is for"
      : "incorrect nonce supplied: it is of another operation, or of one that has ended";
  throw new CoreError("WRONG_NONCE", why);
}

/**
 * Counts `share` (borrowed) towards the attempt that `nonce` names, and hands the quorum to `decide` once it is there.
 * Answers what `decide` answers, or undefined while shares are missing; the caller ends the attempt. Rejects with
 * `WRONG_NONCE`, `INVALID_SHARE`, `REPEATED_SHARE` or `IN_PROGRESS` without counting. When `decide` rejects with
 * `WRONG_SHARES` the shares go; with anything else the last one goes, and giving it again tries again.
 */
export async function withQuorum<Plan, T>(
  quorum: Quorum<Plan>,
  nonce: string,
  share: Uint8Array,
  numbers: ShareNumbers,
  decide: (attempt: Attempt<Plan>) => Promise<T>,
): Promise<T | undefined> {
  if (quorum.current !== undefined) checkNonce(quorum.current.nonce, nonce);
  checkShare(share, numbers);
  switch (quorum.submit(nonce, share)) {
    case "counted":
      return undefined;
    case "quorum":
      break;
    case "repeated":
      throw new CoreError("REPEATED_SHARE", "given key has already been provided during this operation");
    case "not-started":
      throw new CoreError("NOT_IN_PROGRESS", "no such operation in progress");
    default:
      throw new CoreError("IN_PROGRESS", "the last share is being tried just now");
  }
  const attempt = quorum.current;
  if (attempt === undefined) throw new RangeError("a quorum without an attempt");
  try {
    return await decide(attempt);
  } catch (error) {
    if (error instanceof CoreError && error.code === "WRONG_SHARES") quorum.reject();
    else quorum.withdraw();
    throw error;
  }
}
