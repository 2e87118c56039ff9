// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { abandonable, guardSeal, type Seal, type SealCall, type SealEnvironment, SealError } from "@sealwright/seal";
import { pauseAfter } from "./pause.ts";
import { type ChildOptions, PluginProcess } from "./plugin-process.ts";
import type { Answers, Request } from "./protocol.ts";

/** How long a call may take unless `call_deadline` says otherwise. */
export const DEFAULT_DEADLINE_MS = 30_000;

/** What {@link openIsolated} needs. */
export interface IsolationOptions extends ChildOptions {
  /** The plugin's checked configuration. It travels over the channel only. Its values must be structured-cloneable. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly log: SealEnvironment["log"];
  /** `call_deadline` in milliseconds, 30 s if left out: each call's own, and how long the process may take for one. */
  readonly deadlineMs?: number;
  /** A process that {@link startChild} began with the same {@link ChildOptions}: taken over if it is still alive. */
  readonly child?: PluginProcess;
}

type Current = { readonly process: PluginProcess; readonly opened: Promise<void> };

/** Keeps one process of a plugin running, gives it one call at a time, and replaces it when it ends. */
class Supervisor {
  readonly #options: IsolationOptions;
  readonly #deadlineMs: number;
  readonly #closing = new AbortController();
  #current: Current | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #refusal: SealError | undefined;
  #failures = 0;
  #notBefore = 0;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  /** Starts the first process and opens the seal in it. Rejects as the plugin's `open` does, and leaves no process. */
  async open(): Promise<void> {
    const { child } = this.#options;
    this.#current = this.#begin(child?.alive ? child : new PluginProcess(this.#options));
    try {
      await this.#current.opened;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** One call, in its turn. `SEAL_TIMEOUT` after the deadline, the time in the queue included. */
  call<R extends Request>(request: R, call: SealCall | undefined): Promise<Answers[R["op"]]> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    const expired = new AbortController();
    const expiry = setTimeout(
      () => expired.abort(new Error(`call_deadline of ${this.#deadlineMs} ms`)),
      this.#deadlineMs,
    );
    const abandoned = (): boolean => expired.signal.aborted || call?.signal?.aborted === true;
    const answer = this.#turn.then(() => this.#perform(request, abandoned)).finally(() => clearTimeout(expiry));
    this.#turn = answer.catch(() => undefined);
    const what = `the call to the ${this.#options.type} seal (call_deadline ${this.#deadlineMs} ms)`;
    return abandonable(answer, expired.signal, what, (late) => {
      if (late instanceof Uint8Array) late.fill(0);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#current?.process.close();
  }

  async #perform<R extends Request>(request: R, abandoned: () => boolean): Promise<Answers[R["op"]]> {
    const { type } = this.#options;
    const process = abandoned() ? undefined : await this.#running();
    // The bytes of an abandoned call are the caller's again.
    if (process === undefined || abandoned()) {
      throw new SealError("SEAL_TIMEOUT", `the call to the ${type} seal was abandoned before its turn`);
    }
    return process.request(request, this.#deadlineMs).finally(() => {
      if (process.alive) this.#failures = 0;
    });
  }

  async #running(): Promise<PluginProcess> {
    if (this.#current?.process.alive !== true) {
      const pause = this.#notBefore - performance.now();
      if (pause > 0) await sleep(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) {
        throw new SealError("SEAL_UNAVAILABLE", `the ${this.#options.type} seal was closed during the call`);
      }
      if (this.#refusal !== undefined) throw this.#refusal;
      this.#current = this.#begin(new PluginProcess(this.#options));
    }
    const { process, opened } = this.#current!;
    await opened;
    return process;
  }

  #begin(process: PluginProcess): Current {
    process.report({
      log: this.#options.log,
      refused: (error) => {
        this.#refusal ??= error;
        process.kill();
      },
    });
    void process.ended.then(() => this.#noteEnd());
    const opened = process.request({ op: "open", config: this.#options.config }, this.#deadlineMs);
    // A process without an open seal is of no use, and another may fare better.
    opened.catch(() => process.kill());
    return { process, opened };
  }

  #noteEnd(): void {
    if (this.#closing.signal.aborted || this.#refusal !== undefined) return;
    this.#failures++;
    const pause = pauseAfter(this.#failures);
    this.#notBefore = performance.now() + pause;
    const when = pause === 0 ? "at the next call" : `in ${Math.round(pause)} ms at the earliest`;
    this.#options.log("warn", `the process of the ${this.#options.type} seal ended; another is started ${when}`);
  }
}

/**
 * Opens a seal whose plugin runs in a child process, so that native code which hangs or crashes harms nothing else.
 *
 * Rejects as the plugin's `open` does, with `SEAL_UNAVAILABLE` when the process ends meanwhile, and with `SEAL_TIMEOUT`
 * when it takes longer than the deadline; no process is left then. Afterwards calls take turns. A crash rejects the
 * calls under way with `SEAL_UNAVAILABLE`; a call past its deadline rejects with `SEAL_TIMEOUT` and ends the process;
 * an aborted one rejects at once and ends nothing. The next call starts a new process, after a pause that grows while
 * processes keep ending. A failure that is `final` is remembered: no process is started for this seal ever again, and
 * every later call rejects with it.
 */
export async function openIsolated(options: IsolationOptions): Promise<Seal> {
  const supervisor = new Supervisor(options);
  await supervisor.open();
  return guardSeal({
    type: options.type,
    wrap: (plaintext, call) => supervisor.call({ op: "wrap", plaintext, ...aadOf(call) }, call),
    unwrap: (blob, call) => supervisor.call({ op: "unwrap", blob, ...aadOf(call) }, call),
    close: () => supervisor.close(),
  });
}

function aadOf(call: SealCall | undefined): { aad?: Uint8Array } {
  return call?.aad === undefined ? {} : { aad: call.aad };
}

/**
 * Starts a process ahead of {@link openIsolated}, so that it loads while the host does. It holds no configuration yet.
 * Whoever gives it to nobody ends it with `close`.
 */
export function startChild(options: ChildOptions): PluginProcess {
  return new PluginProcess(options);
}
