// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * What tells one process from all others: its number can be given out again, but not with the same start time under
 * the same boot, and in the same PID namespace. `boot`, `namespace` and `start` are undefined where there is no `/proc`.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** `/proc/sys/kernel/random/boot_id`, made anew at every boot. */
  readonly boot?: string | undefined;
  /** What `/proc/self/ns/pid` points to. Containers of one machine have its boot, and each its own process numbers. */
  readonly namespace?: string | undefined;
  /** The name of the machine or container, for people. */
  readonly host?: string | undefined;
  /** Field 22 of `/proc/<pid>/stat`: the start in clock ticks since the boot. */
  readonly start?: string | undefined;
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(`/proc/${file}`, "latin1").trim();
  } catch {
    return undefined;
  }
}

function readNamespace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return undefined;
  }
}

interface Stat {
  readonly state: string;
  readonly start: string;
}

function readStat(pid: number): Stat | undefined {
  const stat = readProc(`${pid}/stat`);
  if (stat === undefined) return undefined;
  // Field 2 is the name in parentheses and may hold anything, so count from the last one. The rest begins with field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state && start ? { state, start } : undefined;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    boot: readProc("sys/kernel/random/boot_id"),
    namespace: readNamespace(),
    host: hostname(),
    start: readStat(process.pid)?.start,
  };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** What can be seen of a process: `hidden` where it has numbers of another PID namespace, and may run or not. */
export type Liveness = "running" | "gone" | "hidden";

/** Whether that very process still runs. Where `/proc` is missing a reused number counts as running. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  const boot = readProc("sys/kernel/random/boot_id");
  if (boot !== identity.boot) return "gone";
  if (identity.namespace !== undefined && identity.namespace !== readNamespace()) return "hidden";
  const stat = readStat(identity.pid);
  if (!stat) return answersSignals(identity.pid) ? "running" : "gone";
  // A zombie has released everything and only waits for its parent to notice.
  if (stat.state === "Z" || stat.state === "X") return "gone";
  return identity.start === undefined || stat.start === identity.start ? "running" : "gone";
}
