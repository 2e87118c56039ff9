// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type SealEnvironment, SealError } from "@sealwright/seal";
import { type Answers, type FromChild, type Request, type ToChild, toError } from "./protocol.ts";

/** How to start the process of a seal. None of it is secret: the configuration follows over the channel. */
export interface ChildOptions {
  /** The seal's type, for messages. */
  readonly type: string;
  /** What the child imports: a package's name or a file URL; its export `plugin` is the plugin. */
  readonly module: string;
  /** The environment to pass on, usually the host's own. */
  readonly env: NodeJS.ProcessEnv;
  /** Variables that the child must not see: the `secretVariables` of every plugin. */
  readonly withhold: readonly string[];
  /** The child's file where it isn't the one beside this module: a bundle of its own. */
  readonly childPath?: string;
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

/** How long a process may take to go after SIGKILL, and to close its seal when asked. */
const GRACE_MS = 2_000;
const KEPT_OUTPUT = 2_000;
const SILENT: ProcessEvents = { log: () => undefined, refused: () => undefined };

const fromSource = import.meta.url.endsWith(".ts");

function execArgv(): string[] {
  return [
    // Without it a SIGUSR1 opens the debugger's port in a process that holds a PIN.
    ...(process.allowedNodeEnvironmentFlags.has("--disable-sigusr1") ? ["--disable-sigusr1"] : []),
    ...(fromSource ? ["--conditions=source"] : []),
  ];
}

/** `env` without the variables to withhold, and without `NODE_OPTIONS`, which could open an inspector. */
function childEnvironment(env: NodeJS.ProcessEnv, withhold: readonly string[]): NodeJS.ProcessEnv {
  const hidden = new Set([...withhold, "NODE_OPTIONS"]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)));
}

/**
 * One child process that runs one plugin. Requests may overlap. It is started by the constructor and never comes back:
 * a crash, or a request past its deadline, ends it for good.
 */
export class PluginProcess {
  readonly #type: string;
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<void>();
  readonly #pending = new Map<number, Pending>();
  #events = SILENT;
  #nextId = 1;
  #alive = true;
  #output = "";

  constructor({ type, module, env, withhold, childPath }: ChildOptions) {
    this.#type = type;
    const path = childPath ?? fileURLToPath(new URL(fromSource ? "./child.ts" : "./child.js", import.meta.url));
    this.#child = fork(path, [module], {
      env: childEnvironment(env, withhold),
      execArgv: execArgv(),
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
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
  }

  /** Says where log lines and final failures go. A process started early has nobody to tell until then. */
  report(events: ProcessEvents): void {
    this.#events = events;
  }

  /** Whether it still takes requests. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Resolves when the process is gone, or was left behind 2 s after SIGKILL, stuck in a driver. */
  get ended(): Promise<void> {
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
    if (!this.#alive) return Promise.reject(this.#gone("is not running"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const message: ToChild = { id, request };
      this.#child.send(message, (error) => {
        if (error !== null) this.kill();
      });
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

  /** Lets the plugin close its seal, for two seconds at most, and ends the process. Never rejects. */
  async close(): Promise<void> {
    await this.request({ op: "close" }, GRACE_MS).catch(() => undefined);
    this.kill();
    await this.ended;
  }

  /** SIGKILL, at once. Requests under way reject with `SEAL_UNAVAILABLE`. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#child.kill("SIGKILL");
    const grace = setTimeout(() => {
      this.#events.log("warn", `process ${this.pid} of the ${this.#type} seal does not end and is left behind`);
      this.#end("left behind");
    }, GRACE_MS);
    void this.ended.then(() => clearTimeout(grace));
  }

  #receive(message: FromChild): void {
    if (message.kind === "log") {
      this.#events.log(message.level, message.message);
      return;
    }
    const error = message.kind === "failure" ? toError(message.failure) : undefined;
    if (error?.final) this.#events.refused(error);
    const pending = this.#pending.get(message.id);
    if (pending === undefined) {
      if (message.kind === "answer" && message.value instanceof Uint8Array) message.value.fill(0);
      return;
    }
    this.#pending.delete(message.id);
    clearTimeout(pending.deadline);
    if (message.kind === "answer") pending.resolve(message.value);
    else if (error !== undefined) pending.reject(error);
  }

  #end(how: string): void {
    this.#alive = false;
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
    this.#ended.resolve();
  }

  #gone(what: string): SealError {
    return new SealError("SEAL_UNAVAILABLE", `the process of the ${this.#type} seal ${what}`);
  }
}
