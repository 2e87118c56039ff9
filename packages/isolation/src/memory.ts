// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";

const EVERY_MS = 1_000;
const PAGE_BYTES = 4_096;

/** The resident memory of a process in bytes, or undefined where the system doesn't say (only Linux does). */
async function residentBytes(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => undefined);
  const pages = Number(text?.split(" ")[1]);
  return Number.isFinite(pages) ? pages * PAGE_BYTES : undefined;
}

/** Looks at a process once a second and tells when it holds more than `limitBytes`. Answers what ends the watch. */
export function watchMemory(pid: number, limitBytes: number, exceeded: (bytes: number) => void): () => void {
  const timer = setInterval(async () => {
    const bytes = await residentBytes(pid);
    if (bytes !== undefined && bytes > limitBytes) exceeded(bytes);
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
