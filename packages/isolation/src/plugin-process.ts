// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type SealEnvironment, SealError } from "@sealwright/seal";
import { Batch } from "./batch.ts";
import { CHILD_FILE, forkOptions } from "./command.ts";
import { watchMemory } from "./memory.ts";
import {
  type Answers,
  type FromChild,
  type NumberedRequest,
  type Outcome,
  type Request,
  type ToChild,
  toError,
} from "./protocol.ts";

/** How to start the process of a seal. None of it is secret: the configuration follows over the channel. */
export interface ChildOptions {
  /** The seal's type, for messages. */
  readonly type: string;
  /** What the child imports: a package's name or a file URL; its export `plugin` is the plugin. */
  readonly module: string;
  /** The SHA-256 of the file that `module` is the URL of, in lower-case hexadecimal: another one is not imported. */
  readonly sha256?: string;
  /** The environment to pass on, usually the host's own. */
  readonly env: NodeJS.ProcessEnv;
  /** Variables that the child must not see: the `secretVariables` of every plugin. */
  readonly withhold: readonly string[];
  /** The child's file where it isn't the one beside this module: a bundle of its own. */
  readonly childPath?: string;
  /** How many calls it shall work on at a time, each perhaps on a thread: 8 if left out. */
  readonly maxParallel?: number;
  /** How much memory it may hold before it is replaced, 1 GiB if left out. Watched on Linux only. */
  readonly memoryLimitBytes?: number;
}

/** What a process tells whoever started it. */
export interface ProcessEvents {
  log: SealEnvironment["log"];
  /** The plugin failed finally: nothing may repeat the call. Told even when nobody waits for the answer any more. */
  refused(error: SealError): void;
}

type Pending = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: SealError) => void;
  readonly deadline: NodeJS.Timeout;
};

/** Calls at a time in one process, unless the plugin says otherwise. */
export const DEFAULT_PARALLEL = 8;
const DEFAULT_MEMORY_BYTES = 1024 ** 3;
/** How long a process may take to go after SIGKILL, and to close its seal when asked. */
const GRACE_MS = 2_000;
const KEPT_OUTPUT = 2_000;
const SILENT: ProcessEvents = { log: () => undefined, refused: () => undefined };

/**
 * Two requests with the same array would arrive with one array between them, and the child wipes what it has wrapped.
 * Nor is a borrowed plaintext to be read later than the call.
 */
function withBytesOfItsOwn(request: Request): Request {
  return request.op === "wrap" ? { ...request, plaintext: new Uint8Array(request.plaintext) } : request;
}

/**
 * One child process that runs one plugin. Requests may overlap. It is started by the constructor and never comes back: a
 * crash, or a request past its deadline, ends it for good, and so does `retire` once its requests are answered.
 */
export class PluginProcess {
  readonly #type: string;
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<"gone" | "left behind">();
  readonly #pending = new Map<number, Pending>();
  readonly #requests: Batch<NumberedRequest>;
  readonly #unwatch: () => void;
  #events = SILENT;
  #nextId = 1;
  #retired = false;
  #killed = false;
  #output = "";

  constructor(options: ChildOptions) {
    const { type, module, sha256, env, withhold, childPath, maxParallel = DEFAULT_PARALLEL } = options;
    const { memoryLimitBytes = DEFAULT_MEMORY_BYTES } = options;
    this.#type = type;
    const args = sha256 === undefined ? [module] : [module, sha256];
    this.#child = fork(childPath ?? fileURLToPath(CHILD_FILE), args, forkOptions(env, withhold, maxParallel));
    this.#requests = new Batch((requests: ToChild) => {
      this.#child.send(requests, (error) => {
        if (error !== null) this.kill();
      });
      // Sending has copied the bytes.
      for (const { request } of requests) if (request.op === "wrap") request.plaintext.fill(0);
    }, process.nextTick);
    this.#child.on("exit", (code, signal) => this.#end(signal ?? `exit code ${code}`));
    this.#child.on("error", (cause) => this.#end(cause.message));
    // A channel that closes while the process lives on leaves it useless.
    this.#child.on("disconnect", () => this.kill());
    this.#child.on("message", (message: FromChild) => this.#receive(message));
    // Unread pipes would fill and block the library; the last lines often say why it crashed.
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
    this.#unwatch = watchMemory(this.#child.pid ?? 0, memoryLimitBytes, (bytes) => {
      this.retire(`it holds ${bytes >> 20} MiB of memory, and ${memoryLimitBytes >> 20} are the limit`);
    });
  }

  /** Says where log lines and final failures go. A process started early has nobody to tell until then. */
  report(events: ProcessEvents): void {
    this.#events = events;
  }

  /** Whether it still takes requests. */
  get alive(): boolean {
    return !this.#retired && !this.#killed;
  }

  /** Whether it goes because it was asked to, not because it failed. */
  get retired(): boolean {
    return this.#retired;
  }

  /** Resolves when the process is gone, or was left behind 2 s after SIGKILL, stuck in a driver. */
  get ended(): Promise<"gone" | "left behind"> {
    return this.#ended.promise;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Asks and awaits the answer. A process that has not answered after `deadlineMs` is killed: this request rejects with
   * `SEAL_TIMEOUT`, the others under way with `SEAL_UNAVAILABLE`, as they do when it crashes.
   */
  request<R extends Request>(request: R, deadlineMs: number): Promise<Answers[R["op"]]> {
    if (!this.alive) return Promise.reject(this.#gone("is not running"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#requests.add({ id, request: withBytesOfItsOwn(request) });
      const deadline = setTimeout(() => {
        this.#pending.delete(id);
        const late = `the ${this.#type} seal did not answer ${request.op} within ${deadlineMs} ms and is ended`;
        reject(new SealError("SEAL_TIMEOUT", late));
        this.kill();
      }, deadlineMs);
      // The channel is typed by request: what answers an operation is that operation's value.
      this.#pending.set(id, { resolve: (value) => resolve(value as Answers[R["op"]]), reject, deadline });
    });
  }

  /** Takes no further requests, and ends the process when those under way are answered or past their deadline. */
  retire(reason: string): void {
    if (!this.alive) return;
    this.#retired = true;
    this.#events.log("warn", `process ${this.pid} of the ${this.#type} seal is replaced: ${reason}`);
    this.#goWhenIdle();
  }

  /**
   * Lets the plugin close its seal, for two seconds at most, and ends the process. Where a request is still under way the
   * device may hang, and the process ends at once: whoever stops a server does not wait for it. Never rejects.
   */
  async close(): Promise<void> {
    if (this.#pending.size === 0) await this.request({ op: "close" }, GRACE_MS).catch(() => undefined);
    this.kill();
    await this.ended;
  }

  /** SIGKILL, at once. Requests under way reject with `SEAL_UNAVAILABLE`. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#child.kill("SIGKILL");
    const grace = setTimeout(() => {
      this.#events.log("warn", `process ${this.pid} of the ${this.#type} seal does not end and is left behind`);
      this.#end("left behind");
    }, GRACE_MS);
    void this.ended.then(() => clearTimeout(grace));
  }

  #goWhenIdle(): void {
    if (this.#retired && this.#pending.size === 0) this.kill();
  }

  #receive(message: FromChild): void {
    if (message.kind === "log") this.#events.log(message.level, message.message);
    else if (message.kind === "replace") this.retire(message.reason);
    else for (const outcome of message.outcomes) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    const error = "failure" in outcome ? toError(outcome.failure) : undefined;
    if (error?.final) this.#events.refused(error);
    const pending = this.#pending.get(outcome.id);
    if (pending === undefined) {
      if ("value" in outcome && outcome.value instanceof Uint8Array) outcome.value.fill(0);
      return;
    }
    this.#pending.delete(outcome.id);
    clearTimeout(pending.deadline);
    if (error !== undefined) pending.reject(error);
    else if ("value" in outcome) pending.resolve(outcome.value);
    this.#goWhenIdle();
  }

  #end(how: string): void {
    this.#killed = true;
    this.#unwatch();
    for (const { reject, deadline } of this.#pending.values()) {
      clearTimeout(deadline);
      reject(this.#gone(`ended (${how})`));
    }
    this.#pending.clear();
    if (this.#output !== "") this.#events.log("debug", `the ${this.#type} seal's process wrote: ${this.#output}`);
    // Lets the host end even if the process never does.
    if (this.#child.connected) this.#child.disconnect();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#child.unref();
    this.#ended.resolve(how === "left behind" ? how : "gone");
  }

  #gone(what: string): SealError {
    return new SealError("SEAL_UNAVAILABLE", `the process of the ${this.#type} seal ${what}`);
  }
}
