// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/**
 * What tells one process from all others: its number can be given out again, but not with the same start time under
 * the same boot. `boot` and `start` are undefined where there is no `/proc`.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** `/proc/sys/kernel/random/boot_id`, made anew at every boot. */
  readonly boot?: string | undefined;
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
  return { pid: process.pid, boot: readProc("sys/kernel/random/boot_id"), start: readStat(process.pid)?.start };
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

/** True if that very process still runs. Where `/proc` is missing a reused number counts as running. */
export function isRunning(identity: ProcessIdentity): boolean {
  const boot = readProc("sys/kernel/random/boot_id");
  if (boot !== identity.boot) return false;
  const stat = readStat(identity.pid);
  if (!stat) return answersSignals(identity.pid);
  // A zombie has released everything and only waits for its parent to notice.
  if (stat.state === "Z" || stat.state === "X") return false;
  return identity.start === undefined || stat.start === identity.start;
}
