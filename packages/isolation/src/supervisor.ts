// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { type SealCall, type SealEnvironment, SealError } from "@sealwright/seal";
import { pauseAfter } from "./pause.ts";
import { type ChildOptions, DEFAULT_PARALLEL, PluginProcess } from "./plugin-process.ts";
import type { Answers, Request } from "./protocol.ts";
import { Slots } from "./slots.ts";

/** How long a call may take unless `call_deadline` says otherwise. */
export const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_WAITING = 1_024;
const LEAST_START_MS = 10_000;
/** The process's own deadline comes first, so that whoever is told of it finds the process ended, not about to. */
const AFTER_PROCESS_MS = 10;

/** What a supervisor needs. */
export interface IsolationOptions extends ChildOptions {
  /** The plugin's checked configuration. It travels over the channel only. Its values must be structured-cloneable. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly log: SealEnvironment["log"];
  /** `call_deadline` in milliseconds, 30 s if left out: each call's own, and how long the process may take for one. */
  readonly deadlineMs?: number;
  /**
   * How long a process may take to start and to open the seal, in milliseconds: the deadline if left out, 10 s at least.
   * Calls that wait for it have their own deadline.
   */
  readonly startMs?: number;
  /** How many calls may wait for their turn before further ones are refused, 1,024 if left out. */
  readonly maxWaiting?: number;
  /** A process that was started ahead with the same {@link ChildOptions}: taken over if it is still alive. */
  readonly child?: PluginProcess;
}

/** What goes on behind an isolated seal. */
export interface IsolationStatus {
  /** The process that serves, if one does just now. */
  readonly pid: number | undefined;
  /** How many processes were started. */
  readonly started: number;
  /** How many outlived SIGKILL, stuck in a driver, and may be there still. */
  readonly leftBehind: number;
  /** Calls under way in the process, those among them that nobody waits for any more. */
  readonly underWay: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
}

type Current = { readonly process: PluginProcess; readonly ready: Promise<PluginProcess> };

/** Keeps one process of a plugin running, gives it as many calls at a time as it takes, and replaces it when it ends. */
export class Supervisor {
  readonly #options: IsolationOptions;
  readonly #deadlineMs: number;
  readonly #closing = new AbortController();
  readonly #slots: Slots;
  readonly #processes = new Set<PluginProcess>();
  #current: Current | undefined;
  #replacing: Promise<PluginProcess> | undefined;
  #refusal: SealError | undefined;
  #failures = 0;
  #notBefore = 0;
  #started = 0;
  #leftBehind = 0;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#slots = new Slots(options.maxParallel ?? DEFAULT_PARALLEL, options.maxWaiting ?? DEFAULT_WAITING);
  }

  get status(): IsolationStatus {
    const { taken: underWay, waiting } = this.#slots;
    const pid = this.#current?.process.alive ? this.#current.process.pid : undefined;
    return { pid, started: this.#started, leftBehind: this.#leftBehind, underWay, waiting };
  }

  /** Starts the first process and opens the seal in it. Rejects as the plugin's `open` does, and leaves no process. */
  async open(): Promise<void> {
    const { child } = this.#options;
    this.#current = this.#begin(child?.alive ? child : new PluginProcess(this.#options));
    try {
      await this.#current.ready;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** One call. `SEAL_TIMEOUT` after the deadline, the time in the queue included. */
  call<R extends Request>(request: R, call: SealCall | undefined): Promise<Answers[R["op"]]> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      let expired = false;
      const expiry = setTimeout(() => {
        expired = true;
        const late = `the call to the ${this.#options.type} seal was not answered within ${this.#deadlineMs} ms`;
        reject(new SealError("SEAL_TIMEOUT", late));
      }, this.#deadlineMs + AFTER_PROCESS_MS);
      this.#perform(request, () => expired || call?.signal?.aborted === true)
        .finally(() => clearTimeout(expiry))
        .then((answer) => {
          if (expired && answer instanceof Uint8Array) answer.fill(0);
          resolve(answer);
        }, reject);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const { process } = this.#current ?? {};
    await process?.close();
    for (const each of this.#processes) each.kill();
  }

  async #perform<R extends Request>(request: R, abandoned: () => boolean): Promise<Answers[R["op"]]> {
    await this.#slots.enter(abandoned);
    // An abandoned call keeps its place until the plugin is done with it: the thread or session behind it is busy.
    try {
      const process = abandoned() ? undefined : await this.#running();
      // The bytes of an abandoned call are the caller's again.
      if (process === undefined || abandoned()) {
        throw new SealError("SEAL_TIMEOUT", `the call to the ${this.#options.type} seal was abandoned before its turn`);
      }
      const answer = await process.request(request, this.#deadlineMs);
      this.#failures = 0;
      return answer;
    } finally {
      this.#slots.leave();
    }
  }

  #running(): Promise<PluginProcess> {
    if (this.#current?.process.alive) return this.#current.ready;
    this.#replacing ??= this.#replace().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  async #replace(): Promise<PluginProcess> {
    const pause = this.#notBefore - performance.now();
    if (pause > 0) await sleep(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    if (this.#closing.signal.aborted) {
      throw new SealError("SEAL_UNAVAILABLE", `the ${this.#options.type} seal was closed during the call`);
    }
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#current = this.#begin(new PluginProcess(this.#options));
    return this.#current.ready;
  }

  #begin(process: PluginProcess): Current {
    this.#started++;
    this.#processes.add(process);
    process.report({
      log: this.#options.log,
      refused: (error) => {
        this.#refusal ??= error;
        process.kill();
      },
    });
    void process.ended.then((how) => this.#noteEnd(process, how));
    const { config, startMs = Math.max(this.#deadlineMs, LEAST_START_MS) } = this.#options;
    const opened = process.request({ op: "open", config }, startMs);
    // A process without an open seal is of no use, and another may fare better.
    opened.catch(() => process.kill());
    return { process, ready: opened.then(() => process) };
  }

  #noteEnd(process: PluginProcess, how: "gone" | "left behind"): void {
    this.#processes.delete(process);
    if (how === "left behind") this.#leftBehind++;
    if (process.retired || this.#closing.signal.aborted || this.#refusal !== undefined) return;
    this.#failures++;
    const pause = pauseAfter(this.#failures);
    this.#notBefore = performance.now() + pause;
    const when = pause === 0 ? "at the next call" : `in ${Math.round(pause)} ms at the earliest`;
    this.#options.log("warn", `the process of the ${this.#options.type} seal ended; another is started ${when}`);
  }
}
