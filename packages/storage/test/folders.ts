// SPDX-License-Identifier: Apache-2.0
import { cp, lstat, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

const made: string[] = [];

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A new folder, removed after the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sealwright-storage-"));
  made.push(folder);
  return folder;
}

/** A copy of a folder, removed after the test. */
export async function copyOfFolder(source: string): Promise<string> {
  const folder = join(await newFolder(), "data");
  await cp(source, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

/** Everything in a folder: mode, time of change and, for files, the bytes. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const item of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    const { mode, mtimeMs } = await lstat(path);
    const bytes = item.isFile() ? await readFile(path, "latin1") : "";
    found[path.slice(folder.length + 1)] = `${mode.toString(8)} ${mtimeMs} ${bytes}`;
  }
  return found;
}
