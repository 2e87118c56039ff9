// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";

const running = new Set<ChildProcess>();

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([...running].map((child) => once(child, "exit")));
});

/** A child process that runs one of the scripts beside this file, and the lines that it prints. */
export interface Child {
  readonly pid: number;
  /** The next line, undefined at the end of its output. */
  line(): Promise<string | undefined>;
  /** Ends its standard input and waits for it to go. */
  end(): Promise<void>;
  /** Kills it (SIGKILL) and waits for it to be gone. */
  kill(): Promise<void>;
}

/** Starts a script; `shell` is put before the command, as in `ulimit -f 100; exec`. */
export function start(script: string, args: readonly string[], shell = "exec"): Child {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const command = [process.execPath, "--conditions=source", file, ...args];
  const child = spawn("sh", ["-c", `${shell} "$@"`, "sh", ...command], { stdio: ["pipe", "pipe", "inherit"] });
  running.add(child);
  const exited = once(child, "exit").then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    line: async () => (await lines.next()).value,
    async end() {
      child.stdin.end();
      await exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
