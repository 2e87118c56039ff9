// SPDX-License-Identifier: Apache-2.0
/**
 * The child process: `node child.ts MODULE` imports MODULE (a specifier or file URL whose export `plugin` is an
 * auto-seal plugin) at once and waits for its configuration on the channel. It ends when the channel closes, so a dead
 * host leaves no child behind; only a library that holds the main thread just then can delay that.
 */
import { flushCompileCache } from "node:module";
import { type AutoSealPlugin, NOTHING_FOUND, type Seal, type SealEnvironment, SealError } from "@sealwright/seal";
import { type Answers, type FromChild, type Request, type ToChild, toFailure } from "./protocol.ts";

/** More than any seal answers: 64 KiB and what an envelope adds. */
const MAX_ANSWER_BYTES = 1024 * 1024;

const specifier = process.argv[2] ?? "";

function isAutoSealPlugin(value: unknown): value is AutoSealPlugin {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "auto" && "open" in value;
}

async function loadPlugin(): Promise<AutoSealPlugin> {
  let loaded: unknown;
  try {
    loaded = await import(specifier);
  } catch (cause) {
    throw new SealError("SEAL_PLUGIN_UNAVAILABLE", `the seal's module ${specifier} cannot be loaded`, { cause });
  }
  const exported = loaded as { readonly plugin?: unknown };
  if (isAutoSealPlugin(exported.plugin)) return exported.plugin;
  throw new SealError("SEAL_PLUGIN_UNAVAILABLE", `the module ${specifier} exports no auto-seal named "plugin"`);
}

const loading = loadPlugin();
// Whoever opens the seal is told; until then the rejection must not end the process.
loading.catch(() => undefined);

function send(message: FromChild): void {
  // A channel that is gone means that nobody waits for this, and that the process is about to end.
  process.send?.(message, undefined, undefined, () => undefined);
}

const environment: SealEnvironment = {
  log: (level, message) => send({ kind: "log", level, message }),
  replaceProcess: (reason) => send({ kind: "replace", reason }),
};

let opened: Seal | undefined;

function seal(): Seal {
  if (opened === undefined) throw new SealError("SEAL_UNAVAILABLE", "the seal is not open in its process");
  return opened;
}

function sizeOf(answer: Answers[keyof Answers]): number {
  if (answer instanceof Uint8Array) return answer.length;
  return answer !== undefined && "ciphertext" in answer ? answer.ciphertext.length : 0;
}

async function perform(request: Request): Promise<Answers[keyof Answers]> {
  switch (request.op) {
    case "open": {
      const plugin = await loading;
      opened = await plugin.open(request.config, environment);
      // This process ends by a signal, so what it compiled would otherwise never reach the cache.
      flushCompileCache();
      return undefined;
    }
    case "diagnose": {
      const plugin = await loading;
      return (await plugin.diagnose?.(request.config, environment)) ?? NOTHING_FOUND;
    }
    case "wrap":
      return seal().wrap(request.plaintext, request.aad === undefined ? {} : { aad: request.aad });
    case "unwrap":
      return seal().unwrap(request.blob, request.aad === undefined ? {} : { aad: request.aad });
    case "close":
      await opened?.close();
      return undefined;
  }
}

async function answer({ id, request }: ToChild): Promise<void> {
  try {
    const value = await perform(request);
    if (sizeOf(value) > MAX_ANSWER_BYTES) {
      throw new Error(`it answered ${sizeOf(value)} bytes, and ${MAX_ANSWER_BYTES} are the most that a seal answers`);
    }
    send({ kind: "answer", id, value });
    // Sending has copied the bytes.
    if (value instanceof Uint8Array) value.fill(0);
  } catch (error) {
    send({ kind: "failure", id, failure: toFailure(error) });
  } finally {
    if (request.op === "wrap") request.plaintext.fill(0);
  }
}

// Terminals and service managers signal the whole group; the host decides when this process ends, after its last call.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (message: ToChild) => void answer(message));

// Not `exit`: it runs the library's exit handlers and joins threads, and either may hang in the device.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
