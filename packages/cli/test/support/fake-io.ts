// SPDX-License-Identifier: Apache-2.0
import { type Io, NotATerminalError, run } from "../../src/index.ts";
import { promptStream } from "../../src/io.ts";

/** What a test sets up for one command line. */
export interface Setup {
  readonly env?: Readonly<Record<string, string>>;
  /** What standard input holds; it is no terminal then. */
  readonly stdin?: string;
  /** What is typed at each hidden prompt; standard input is a terminal then. */
  readonly typed?: readonly string[];
  /** Standard output is a terminal. */
  readonly stdoutIsTTY?: boolean;
}

/** How a command line ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in process, with an `Io` made of strings. */
export async function cli(args: readonly string[], setup: Setup = {}): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const typed = [...(setup.typed ?? [])];
  const stdout = {
    isTTY: setup.stdoutIsTTY ?? false,
    write: (text: string | Uint8Array) => void out.push(String(text)),
  };
  const stderr = { isTTY: false, write: (text: string | Uint8Array) => void err.push(String(text)) };
  const stdinIsTTY = setup.typed !== undefined;
  const io: Io = {
    args,
    env: setup.env ?? {},
    stdout,
    stderr,
    stdinIsTTY,
    readStdin: async () => setup.stdin ?? "",
    async promptHidden(text) {
      promptStream({ stdout, stderr, stdinIsTTY }).write(`${text}\n`);
      const line = typed.shift();
      if (line === undefined) throw new NotATerminalError();
      return line;
    },
  };
  const code = await run(io);
  return { code, stdout: out.join(""), stderr: err.join("") };
}
