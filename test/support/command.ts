// SPDX-License-Identifier: Apache-2.0
/** The built command as its users run it: `packages/cli/bin/sealwright`, in processes of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/sealwright", import.meta.url));
const STARTED = "==> Sealwright server started!";
const PATIENCE_MS = 15_000;

const running = new Set<RunningCommand>();

// A set-up that fails gives nobody the server that it had started. This ends it all the same.
afterAll(async () => {
  for (const command of running) command.child.kill("SIGKILL");
  await Promise.all([...running].map(({ finished }) => finished));
});

/** Where and with what a command runs. Of this process's variables it sees `PATH` only. */
export interface Surroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program's path: ours unless given. */
  readonly program?: string;
}

/** How a command ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. What it writes is collected. */
export class RunningCommand {
  readonly child: ChildProcess;
  /** Resolves when it is gone and its output is complete. */
  readonly finished: Promise<Finished>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], { cwd, env = {}, program = COMMAND }: Surroundings, input = "") {
    this.child = spawn(program, args, {
      cwd,
      env: { PATH: process.env.PATH ?? "", HOME: cwd, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    // A command that refuses its arguments is gone before it has read its input.
    this.child.stdin?.on("error", () => {});
    this.child.stdin?.end(input);
    if (this.child.pid !== undefined) running.add(this);
    this.finished = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code) => {
        running.delete(this);
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Its process id. */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the command did not start");
    return this.child.pid;
  }

  /** Everything written so far. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  /** Resolves as soon as the output matches `pattern`; rejects with the output when command or patience ends first. */
  until(pattern: RegExp, patienceMs = PATIENCE_MS): Promise<RegExpExecArray> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        child.stdout?.off("data", look);
        child.stderr?.off("data", look);
        child.off("close", gone);
        clearTimeout(timer);
      };
      const look = (): void => {
        const match = pattern.exec(this.output);
        if (match === null) return;
        settle();
        resolve(match);
      };
      const give = (why: string) => (): void => {
        settle();
        reject(new Error(`${why} before ${pattern} was written:\n${this.output}`));
      };
      const gone = give("the command ended");
      const timer = setTimeout(give(`${patienceMs} ms passed`), patienceMs);
      child.stdout?.on("data", look);
      child.stderr?.on("data", look);
      child.on("close", gone);
      look();
    });
  }
}

/** Runs a command to its end. */
export function sealwright(args: readonly string[], surroundings: Surroundings, input?: string): Promise<Finished> {
  return new RunningCommand(args, surroundings, input).finished;
}

/** A server in a process of its own. */
export class ServerProcess {
  readonly command: RunningCommand;
  /** Where its first listener is. */
  readonly url: string;

  private constructor(command: RunningCommand, url: string) {
    this.command = command;
    this.url = url;
  }

  /** Starts `sealwright server` with `args` and resolves when it listens. Rejects with its output when it ends instead. */
  static async start(args: readonly string[], surroundings: Surroundings): Promise<ServerProcess> {
    const command = new RunningCommand(["server", ...args], surroundings);
    try {
      await command.until(new RegExp(STARTED));
    } catch (error) {
      command.child.kill("SIGKILL");
      throw error;
    }
    const url = /addr: "([^"]+)"/.exec(command.output)?.[1] ?? "";
    return new ServerProcess(command, url);
  }

  /** Its log and what it printed. */
  get output(): string {
    return this.command.output;
  }

  /** Sends `signal` and resolves when the process is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Finished> {
    this.command.child.kill(signal);
    return this.command.finished;
  }
}

/** A folder of its own for each test, and everything that runs in it. */
export class Workplace {
  readonly folder: string;
  readonly #servers: ServerProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes an empty folder. {@link close} removes it. */
  static async open(): Promise<Workplace> {
    return new Workplace(await realpath(await mkdtemp(join(tmpdir(), "sealwright-e2e-"))));
  }

  /** A path in the folder. */
  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Starts a server here. */
  async serve(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const server = await ServerProcess.start(args, { cwd: this.folder, ...(env === undefined ? {} : { env }) });
    this.#servers.push(server);
    return server;
  }

  /** Runs a command here to its end. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string): Promise<Finished> {
    return sealwright(args, { cwd: this.folder, env }, input);
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop("SIGKILL")));
    await rm(this.folder, { recursive: true, force: true });
  }
}
