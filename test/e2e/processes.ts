// SPDX-License-Identifier: Apache-2.0
/** What the system tells about processes. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

async function lines(command: string, args: readonly string[]): Promise<string[]> {
  // pgrep and ps end with 1 where nothing matches.
  const { stdout } = await run(command, args).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? "" }));
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** The ids of the processes that `pid` started and that are still there. */
export async function childrenOf(pid: number): Promise<number[]> {
  return (await lines("pgrep", ["-P", String(pid)])).map(Number);
}

/** What `ps` shows as the command line of `pid`. */
export async function commandLineOf(pid: number): Promise<string> {
  return (await lines("ps", ["-o", "args=", "-p", String(pid)])).join("\n");
}
