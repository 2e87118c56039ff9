// SPDX-License-Identifier: Apache-2.0
import { commandRegistry } from "./commands/index.ts";
import { CommandError, exitCode } from "./errors.ts";
import { CurlString } from "./http/curl.ts";
import { InterruptedError, type Io, say, warn } from "./io.ts";

/** Runs one command line; the number is the exit code. Never throws: a defect of ours is told with where it is. */
export async function run(io: Io): Promise<number> {
  try {
    const found = commandRegistry.find(versionFlagAsCommand(io.args));
    if (found.kind === "command") return await found.command.execute(found.argv, io);
    (found.asked ? io.stdout : io.stderr).write(found.text);
    return found.asked ? exitCode.ok : exitCode.local;
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof CurlString) {
    say(io, error.command);
    return exitCode.ok;
  }
  if (error instanceof InterruptedError) return exitCode.interrupted;
  if (error instanceof CommandError) {
    warn(io, error.message);
    return error.code;
  }
  warn(io, defect(error));
  return exitCode.local;
}

const FRAME = /^ +at .*$/gm;

/** What went wrong and the stack's frames: Node would print the lines of the source as well, and a bundle's are long. */
function defect(error: unknown): string {
  if (!(error instanceof Error)) return `Internal error: ${String(error)}`;
  const [first = ""] = error.message.split("\n");
  return [`Internal error: ${error.name}: ${first}`, ...(error.stack?.match(FRAME) ?? [])].join("\n");
}

function versionFlagAsCommand(args: readonly string[]): readonly string[] {
  return ["-v", "-version", "--version"].includes(args[0] ?? "") ? ["version", ...args.slice(1)] : args;
}
