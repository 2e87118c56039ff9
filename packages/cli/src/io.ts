// SPDX-License-Identifier: Apache-2.0
/** A place to write to; `isTTY` says whether a person reads it. */
export interface Output {
  readonly isTTY: boolean;
  write(text: string | Uint8Array): void;
}

/** Everything a command may touch of the process that runs it. Only `main.ts` makes one from the real process. */
export interface Io {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether standard input is a terminal. */
  readonly stdinIsTTY: boolean;
  /** Reads standard input to its end, as UTF-8. */
  readStdin(): Promise<string>;
  /**
   * Shows `text` and reads one line from the terminal without echoing it. Throws `NotATerminalError` when standard
   * input is no terminal, `InterruptedError` on Ctrl-C.
   */
  promptHidden(text: string): Promise<string>;
}

/** A hidden prompt was asked for and standard input is a pipe or a file. */
export class NotATerminalError extends Error {
  constructor() {
    super("file descriptor 0 is not a terminal");
    this.name = "NotATerminalError";
  }
}

/** Ctrl-C at a prompt. */
export class InterruptedError extends Error {
  constructor() {
    super("interrupted");
    this.name = "InterruptedError";
  }
}

/** Writes a line to standard output. */
export function say(io: Io, line: string): void {
  io.stdout.write(`${line}\n`);
}

/** Writes a line to standard error. */
export function warn(io: Io, line: string): void {
  io.stderr.write(`${line}\n`);
}

/**
 * Writes a value that scripts capture: without a newline, so that `$(…)`, pipes and files get the bare bytes; a
 * terminal gets the newline.
 */
export function sayBare(io: Io, value: string): void {
  io.stdout.write(io.stdout.isTTY ? `${value}\n` : value);
}

/** Where remarks beside a prompt go: not into a standard output that a program reads while a person types. */
export function promptStream(io: Pick<Io, "stdout" | "stderr" | "stdinIsTTY">): Output {
  return io.stdinIsTTY && !io.stdout.isTTY ? io.stderr : io.stdout;
}
