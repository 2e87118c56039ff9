// SPDX-License-Identifier: Apache-2.0
/** Real processes: the server from its bundle, and yardsticks from source, each on a port of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/free-port.ts";

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(dirname(dirname(here)), "packages/cli/dist-bundle/sealwright.mjs");

export interface Running {
  readonly url: string;
  /** Milliseconds from the start of the process to the first request that was answered as wanted. */
  readonly readyAfter: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const folders: string[] = [];
process.on("exit", () => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** A folder that is gone at the end of the run. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sealwright-bench-"));
  folders.push(path);
  return path;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the process for ${url} ended with ${child.exitCode}`);
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200 || status === 501) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function start(args: readonly string[], url: string, cwd: string): Promise<Running> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: "ignore" });
  await ready(url, child);
  return {
    url: new URL(url).origin,
    readyAfter: performance.now() - began,
    pid: child.pid ?? 0,
    stop: () => end(child),
  };
}

/** Writes a configuration with a static seal into `path` and answers how to start a server on it. */
export async function server(path: string, storage: string): Promise<Running> {
  const port = await freePort();
  const config = `${storage}
listener "tcp" {
  address     = "127.0.0.1:${port}"
  tls_disable = true
}
seal "static" {
  current_key_id = "bench"
  current_key    = "${"5a".repeat(32)}"
}
log_level = "error"
`;
  writeFileSync(join(path, "server.hcl"), config);
  return start([bundle, "server", "-config=server.hcl"], `http://127.0.0.1:${port}/v1/sys/health`, path);
}

/** Bare Express, answering a fixed JSON of `bytes` bytes. */
export async function bareExpress(bytes: number): Promise<Running> {
  const port = await freePort();
  return start([join(here, "bare-express.ts"), String(port), String(bytes)], `http://127.0.0.1:${port}/`, here);
}

/** Bytes of memory of a process and its children: the proportional set size, from Linux's `/proc`. */
export function memoryOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const own = Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
  return children.reduce((sum, child) => sum + memoryOf(child), own);
}
