// SPDX-License-Identifier: Apache-2.0
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

// First of all: the title takes the place of the arguments in process lists, and arguments may hold keys.
process.title = "sealwright";

// In MiB. Loading the code would otherwise collect garbage several times, for a tenth of the start.
setFlagsFromString("--min-semi-space-size=8");

// Beside the bundle, where only whoever installed it can write; where that is nobody now, nothing is cached.
if (import.meta.url.endsWith(".mjs")) enableCompileCache(fileURLToPath(new URL("./.compile-cache", import.meta.url)));

const { inputOf } = await import("./terminal.ts");
const { run } = await import("./run.ts");

function output(stream: NodeJS.WriteStream) {
  return { isTTY: stream.isTTY === true, write: (text: string | Uint8Array) => void stream.write(text) };
}

const stdout = output(process.stdout);
const stderr = output(process.stderr);

// A reader that has seen enough (`… | head -1`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  stdout,
  stderr,
  ...inputOf(process.stdin, { stdout, stderr }),
});

// The plugin of a seal may leave timers and sockets behind, and they must not keep a finished command alive.
setTimeout(() => process.exit(), 1_000).unref();
