// SPDX-License-Identifier: Apache-2.0
/**
 * The child process: `node child.ts MODULE [SHA256]` imports MODULE (a specifier or file URL whose export `plugin` is an
 * auto-seal plugin, of that digest where one is given) at once and waits for its configuration on the channel. It ends
 * when the channel closes, so a dead host leaves no child behind; only a library that holds the main thread just then can
 * delay that.
 */
import { flushCompileCache } from "node:module";
import {
  containPlugin,
  importPlugin,
  NOTHING_FOUND,
  type Seal,
  type SealEnvironment,
  SealError,
} from "@sealwright/seal";
import { Batch } from "./batch.ts";
import {
  type Answers,
  type FromChild,
  type NumberedRequest,
  type Outcome,
  type Request,
  type ToChild,
  toFailure,
} from "./protocol.ts";

const [, , specifier = "", sha256] = process.argv;

const loading = importPlugin({ specifier, ...(sha256 === undefined ? {} : { sha256 }) }).then(containPlugin);
// Whoever opens the seal is told; until then the rejection must not end the process.
loading.catch(() => undefined);

function send(message: FromChild): void {
  // A channel that is gone means that nobody waits for this, and that the process is about to end.
  process.send?.(message, undefined, undefined, () => undefined);
}

function sendOutcomes(outcomes: readonly Outcome[]): void {
  send({ kind: "outcomes", outcomes });
  // Sending has copied the bytes.
  for (const outcome of outcomes) if ("value" in outcome && outcome.value instanceof Uint8Array) outcome.value.fill(0);
}

// What threads have finished is told one by one, within one turn of the loop.
const outcomes = new Batch<Outcome>(sendOutcomes, setImmediate);
let underWay = 0;

const environment: SealEnvironment = {
  log: (level, message) => send({ kind: "log", level, message }),
  replaceProcess: (reason) => send({ kind: "replace", reason }),
};

let opened: Seal | undefined;

function seal(): Seal {
  if (opened === undefined) throw new SealError("SEAL_UNAVAILABLE", "the seal is not open in its process");
  return opened;
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

async function answer({ id, request }: NumberedRequest): Promise<void> {
  underWay++;
  try {
    const value = await perform(request);
    outcomes.add({ id, value });
  } catch (error) {
    outcomes.add({ id, failure: toFailure(error) });
  } finally {
    if (request.op === "wrap") request.plaintext.fill(0);
    underWay--;
    // Nothing else can be added soon.
    if (underWay === 0) outcomes.flush();
  }
}

// Terminals and service managers signal the whole group; the host decides when this process ends, after its last call.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (requests: ToChild) => {
  for (const request of requests) void answer(request);
});

// Not `exit`: it runs the library's exit handlers and joins threads, and either may hang in the device.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
