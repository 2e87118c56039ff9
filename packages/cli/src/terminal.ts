// SPDX-License-Identifier: Apache-2.0
import type { ReadStream } from "node:tty";
import { InterruptedError, type Io, NotATerminalError, type Output, promptStream } from "./io.ts";

/** Standard input: a terminal, or a pipe or file without raw mode. */
export type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;

const ENTER = ["\r", "\n"];
const END = "\u0004";
const INTERRUPT = "\u0003";
const ERASE = ["\u007f", "\b"];

/** The part of `Io` that reads standard input. */
export function inputOf(
  stdin: Input,
  outputs: { readonly stdout: Output; readonly stderr: Output },
): Pick<Io, "stdinIsTTY" | "readStdin" | "promptHidden"> {
  const stdinIsTTY = stdin.isTTY === true;
  return {
    stdinIsTTY,
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString("utf8");
    },
    async promptHidden(text) {
      const output = promptStream({ ...outputs, stdinIsTTY });
      try {
        return await readHiddenLine(stdin, () => output.write(text));
      } finally {
        output.write("\n");
      }
    },
  };
}

/**
 * Reads a line in raw mode, so that the terminal echoes nothing; raw mode ends whatever happens. The prompt comes when
 * the echo is off: people and programs type as soon as they see it.
 */
async function readHiddenLine(stdin: Input, showPrompt: () => void): Promise<string> {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) {
    showPrompt();
    throw new NotATerminalError();
  }
  stdin.setRawMode(true);
  try {
    showPrompt();
    return await lineFrom(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

function lineFrom(stdin: Input): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: string[] = [];
    const finish = (settle: () => void) => {
      stdin.off("data", onData);
      stdin.off("end", onEnd);
      settle();
    };
    const onEnd = () => finish(() => resolve(typed.join("")));
    const onData = (chunk: Buffer | string) => {
      for (const character of chunk.toString()) {
        if (ENTER.includes(character) || character === END) return onEnd();
        if (character === INTERRUPT) return finish(() => reject(new InterruptedError()));
        if (ERASE.includes(character)) typed.pop();
        else typed.push(character);
      }
    };
    stdin.on("data", onData);
    stdin.once("end", onEnd);
    stdin.resume();
  });
}
