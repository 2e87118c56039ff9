// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import { type Io, promptStream } from "../io.ts";
import { enterKey } from "./key-entry.ts";

/** A key share and the nonce of the attempt it is for, as given; without a key it is asked for. */
export interface Submission {
  readonly nonce: string | undefined;
  /** The share, or `-` for standard input. */
  readonly key: string | undefined;
  readonly nonInteractive: boolean;
}

/** What is shown before a share is asked for. */
export interface SubmissionPrompt {
  /** The nonce of the attempt in progress, used when none was given. */
  readonly currentNonce: string;
  /** The attempt in words, whole lines: who gives a share should know what for. */
  readonly describe: (nonce: string) => string;
  readonly prompt: string;
}

const NO_TERMINAL =
  "An error occurred attempting to ask for the unseal key. The raw error message is shown below, but usually this is " +
  "because you attempted to pipe a value into the command or you are executing outside of a terminal (tty). If you " +
  'want to pipe the value, pass "-" as the argument to read from stdin.';

/**
 * The share and the nonce to send. A share that comes without being asked for must name its nonce, since nobody has
 * seen which attempt it is for. Throws `UsageError`.
 */
export async function completeSubmission(
  io: Io,
  { nonce, key, nonInteractive }: Submission,
  { currentNonce, describe, prompt }: SubmissionPrompt,
): Promise<{ key: string; nonce: string }> {
  if (key !== undefined && nonce === undefined) {
    throw new UsageError("Missing nonce value: specify it via the -nonce flag");
  }
  const used = nonce ?? currentNonce;
  if (key === undefined) promptStream(io).write(describe(used));
  const entered = await enterKey(key, io, { prompt, noTerminal: NO_TERMINAL, nonInteractive });
  if (entered === "") throw new UsageError("The key is empty.");
  return { key: entered, nonce: used };
}
