// SPDX-License-Identifier: Apache-2.0
/**
 * A PKCS#11 module that forwards to another one and misbehaves on command: for tests of whatever must survive a slow,
 * hanging, crashing or forgetful HSM. Its sources are in `test/faulty-hsm`, and in `native` of the package as published; it
 * needs a C compiler (`cc`, or `CC`).
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder, sourceHash } from "./native-cache.ts";

const run = promisify(execFile);
const FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden"];
const LIBRARIES = ["-ldl", "-lpthread"];
const IN_REPOSITORY = fileURLToPath(new URL("../../../test/faulty-hsm/", import.meta.url));
const IN_PACKAGE = fileURLToPath(new URL("../native/faulty-hsm/", import.meta.url));
const SOURCES = existsSync(IN_REPOSITORY) ? IN_REPOSITORY : IN_PACKAGE;

/** Where a device puts the nonce that it made itself for AES-GCM; `given`: it takes the caller's. */
export type GcmNonce = "given" | "written-back" | "appended" | "prepended";

/** A fault that was armed. */
export interface Fault {
  /** How many calls of its function there were since, in all processes, whether they were hit or not. */
  readonly calls: number;
  /** Takes it away; what hangs in it goes on. */
  lift(): void;
}

/** How often a fault strikes. */
export interface Frequency {
  /** This many times and then no more; without it, for as long as the fault stands. */
  readonly times?: number;
  /** Each n-th call only. */
  readonly every?: number;
}

/** What {@link faultyHsm} makes. Functions are named as in the standard, such as `C_Encrypt`; `*` is all of them. */
export interface FaultyHsm {
  /** The path of the module. */
  readonly lib: string;
  /** What a process needs in its environment beside that of the module forwarded to. */
  readonly env: Readonly<Record<"FAULTY_HSM_FORWARD" | "FAULTY_HSM_CONTROL", string>>;
  /** Every call takes `ms` milliseconds longer. */
  delay(fn: string, ms: number, frequency?: Frequency): Fault;
  /** Calls don't return until the fault is lifted. */
  hang(fn: string, frequency?: Frequency): Fault;
  /** Calls answer `code`, a `CKR_` number, and do nothing; 0 times is always. */
  fail(fn: string, code: number, times?: number, every?: number): Fault;
  /** The process ends by a segmentation fault; the first time only unless told. */
  crash(fn: string, frequency?: Frequency): Fault;
  /** Does nothing but count. */
  count(fn: string): Fault;
  /** Closes the session of the next call behind its user's back. */
  dropSession(fn?: string): Fault;
  /** Closes all sessions at the next call. */
  dropSessions(fn?: string): Fault;
  /** Logs the user out at the next call. */
  logOut(fn?: string): Fault;
  /** Pulls the token out: its sessions end, its slot is empty. */
  removeToken(): void;
  /** Puts it back. */
  restoreToken(): void;
  /** Plays a device with another way of AES-GCM nonces. */
  gcmNonce(how: GcmNonce): void;
  /** Lifts all faults and puts the token back. */
  clear(): void;
  /** Removes the folder of the control file. */
  stop(): Promise<void>;
}

/** Compiles the module unless the cache has it, and answers its path. */
async function compile(): Promise<string> {
  const files = readdirSync(SOURCES).filter((name) => /\.(c|h|def)$/.test(name));
  const paths = files.map((name) => join(SOURCES, name));
  const folder = cacheFolder();
  const recipe = [...FLAGS, ...LIBRARIES, process.arch].join(" ");
  const lib = join(folder, `faulty-hsm-${sourceHash(paths, recipe)}.so`);
  if (existsSync(lib)) return lib;
  await mkdir(folder, { recursive: true });
  const unfinished = `${lib}.${process.pid}`;
  const sources = paths.filter((path) => path.endsWith(".c"));
  try {
    await run(process.env.CC ?? "cc", [...FLAGS, "-o", unfinished, ...sources, ...LIBRARIES]);
  } catch (cause) {
    throw new Error("the faulty HSM could not be compiled: a C compiler is needed (apt install gcc libc6-dev)", {
      cause,
    });
  }
  await rename(unfinished, lib);
  return lib;
}

type Rule = {
  readonly id: number;
  readonly fn: string;
  readonly action: string;
  readonly argument: number;
  readonly times: number;
  readonly every: number;
};

/** The state of the control file, replaced as a whole at each change. */
class Control {
  readonly path: string;
  #rules: readonly Rule[] = [];
  #nextId = 1;
  #removed = false;
  #removals = 0;
  #gcmNonce: GcmNonce = "given";

  constructor(folder: string) {
    this.path = join(folder, "control");
    this.#write();
  }

  arm(fn: string, action: string, argument = 0, { times = 0, every = 1 }: Frequency = {}): Fault {
    const id = this.#nextId++;
    this.#rules = [...this.#rules, { id, fn, action, argument, times, every }];
    this.#write();
    const control = this;
    return {
      get calls() {
        return control.#counter(id);
      },
      lift: () => {
        this.#rules = this.#rules.filter((rule) => rule.id !== id);
        this.#write();
      },
    };
  }

  token(state: "present" | "removed"): void {
    if (state === "removed" && !this.#removed) this.#removals++;
    this.#removed = state === "removed";
    this.#write();
  }

  gcmNonce(how: GcmNonce): void {
    this.#gcmNonce = how;
    this.#write();
  }

  clear(): void {
    this.#rules = [];
    this.#gcmNonce = "given";
    this.token("present");
  }

  #counter(id: number): number {
    const file = `${this.path}.hits`;
    return existsSync(file) ? Number(readFileSync(file).readBigUInt64LE(id * 8)) : 0;
  }

  #write(): void {
    const lines = [
      `token ${this.#removed ? "removed" : "present"} ${this.#removals}`,
      `gcm ${this.#gcmNonce}`,
      ...this.#rules.map(({ id, fn, action, argument, times, every }) =>
        ["rule", id, fn, action, argument, times, every].join(" "),
      ),
    ];
    writeFileSync(`${this.path}.new`, `${lines.join("\n")}\n`);
    renameSync(`${this.path}.new`, this.path);
  }
}

/**
 * A faulty module in front of `forwardTo`, the path of a PKCS#11 library. Faults may be armed and lifted at any time, from
 * any process, and hold for all processes that load it. Rejects with what to install where there is no C compiler.
 */
export async function faultyHsm({ forwardTo }: { readonly forwardTo: string }): Promise<FaultyHsm> {
  const lib = await compile();
  const folder = await mkdtemp(join(tmpdir(), "sealwright-faulty-hsm-"));
  const control = new Control(folder);
  return {
    lib,
    env: { FAULTY_HSM_FORWARD: forwardTo, FAULTY_HSM_CONTROL: control.path },
    delay: (fn, ms, frequency) => control.arm(fn, "delay", ms, frequency),
    hang: (fn, frequency) => control.arm(fn, "hang", 0, frequency),
    fail: (fn, code, times = 1, every = 1) => control.arm(fn, "fail", code, { times, every }),
    crash: (fn, frequency = { times: 1 }) => control.arm(fn, "crash", 0, frequency),
    count: (fn) => control.arm(fn, "count"),
    dropSession: (fn = "*") => control.arm(fn, "drop-session", 0, { times: 1 }),
    dropSessions: (fn = "*") => control.arm(fn, "drop-sessions", 0, { times: 1 }),
    logOut: (fn = "*") => control.arm(fn, "log-out", 0, { times: 1 }),
    removeToken: () => control.token("removed"),
    restoreToken: () => control.token("present"),
    gcmNonce: (how) => control.gcmNonce(how),
    clear: () => control.clear(),
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}
