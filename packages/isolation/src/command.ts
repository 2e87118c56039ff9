// SPDX-License-Identifier: Apache-2.0
/** How a child process is started: with which flags, under which limits, in which environment. */
import type { ForkOptions } from "node:child_process";

const fromSource = import.meta.url.endsWith(".ts");
const NODES_OWN_THREADS = 4;

/** The child's file where nobody names another: the one beside this module. */
export const CHILD_FILE = new URL(fromSource ? "./child.ts" : "./child.js", import.meta.url);

function nodeFlags(): string[] {
  return [
    // Without it a SIGUSR1 opens the debugger's port in a process that holds a PIN.
    ...(process.allowedNodeEnvironmentFlags.has("--disable-sigusr1") ? ["--disable-sigusr1"] : []),
    ...(fromSource ? ["--conditions=source"] : []),
  ];
}

/** The program to start. A core dump would have the PIN in it, and only a shell can forbid one before Node starts. */
function program(): Pick<ForkOptions, "execPath" | "execArgv"> {
  if (process.platform === "win32") return { execArgv: nodeFlags() };
  const script = 'ulimit -c 0; exec "$@"';
  return { execPath: "/bin/sh", execArgv: ["-c", script, "sh", process.execPath, ...nodeFlags()] };
}

/**
 * `env` without the variables to withhold, without `NODE_OPTIONS`, which could open an inspector, and with at least
 * `threads` threads for native code that works beside the main one.
 */
function environment(env: NodeJS.ProcessEnv, withhold: readonly string[], threads: number): NodeJS.ProcessEnv {
  const hidden = new Set([...withhold, "NODE_OPTIONS"]);
  const kept = Object.entries(env).filter(([name]) => !hidden.has(name));
  const size = Math.max(Number(env.UV_THREADPOOL_SIZE) || NODES_OWN_THREADS, threads);
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(size) };
}

/** What `fork` needs. */
export function forkOptions(env: NodeJS.ProcessEnv, withhold: readonly string[], threads: number): ForkOptions {
  return {
    ...program(),
    env: environment(env, withhold, threads),
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  };
}
