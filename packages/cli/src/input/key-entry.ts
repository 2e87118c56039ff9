// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import { type Io, NotATerminalError } from "../io.ts";
import { paragraph } from "../output/wrap.ts";

/** How a key share was asked for, to be told when there is no terminal to ask at. */
export interface KeyPrompt {
  readonly prompt: string;
  /** The sentence for somebody whose standard input is no terminal, without the raw error. */
  readonly noTerminal: string;
  readonly nonInteractive: boolean;
}

/** A key share from an argument, from standard input (`-`), or typed unseen when there is no argument. */
export async function enterKey(argument: string | undefined, io: Io, prompt: KeyPrompt): Promise<string> {
  const key = (await argumentOrStdin(argument, io)) ?? (await typedKey(io, prompt));
  return key.trim();
}

async function typedKey(io: Io, { prompt, noTerminal, nonInteractive }: KeyPrompt): Promise<string> {
  if (nonInteractive) {
    throw new UsageError(
      'A key is needed and -non-interactive forbids asking: pass "-" and give it on standard input.',
    );
  }
  try {
    return await io.promptHidden(prompt);
  } catch (error) {
    if (!(error instanceof NotATerminalError)) throw error;
    throw new UsageError(paragraph(`${noTerminal} The raw error was: ${error.message}`), { cause: error });
  }
}

/** An argument, or standard input in its place when it is `-`; undefined when there is none. */
export async function argumentOrStdin(argument: string | undefined, io: Io): Promise<string | undefined> {
  return argument === "-" ? (await io.readStdin()).trim() : argument;
}
