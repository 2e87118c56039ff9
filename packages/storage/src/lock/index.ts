// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { StorageError } from "@sealwright/core";
import { systemCode, unlessMissing } from "../errors.ts";
import type { FileSystem } from "../file-system.ts";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./process.ts";

/** A storage's lock, held until it is released. */
export interface Lock {
  /** Removes the lock file. */
  release(): Promise<void>;
}

/** What a lock file says. */
interface Holder extends ProcessIdentity {
  /** When the lock was taken, RFC 3339. */
  readonly since: string;
}

function parseHolder(bytes: Uint8Array): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof holder !== "object" || holder === null) return undefined;
    const { pid, since, boot, namespace, host, start } = holder as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || typeof since !== "string") return undefined;
    const text = (field: unknown) => (typeof field === "string" ? field : undefined);
    return {
      pid: pid as number,
      since,
      boot: text(boot),
      namespace: text(namespace),
      host: text(host),
      start: text(start),
    };
  } catch {
    return undefined;
  }
}

/**
 * Takes the lock file at `path` for this process, for the storage in `folder`. Of several that try at once exactly one
 * succeeds. Rejects with `STORAGE_LOCKED` while the process that holds it runs, be it this one, and where that cannot be
 * seen, because it is in another container of this machine; a lock whose process is gone, or which cannot be read as one (an interrupted write), is replaced. System errors pass.
 */
export async function takeLock(fs: FileSystem, path: string, folder: string): Promise<Lock> {
  const nonce = randomBytes(8).toString("hex");
  const holder: Holder & { nonce: string } = { ...ownIdentity(), since: new Date().toISOString(), nonce };
  const own = `${path}.${process.pid}-${nonce}`;
  await fs.write(own, Buffer.from(`${JSON.stringify(holder)}\n`));
  try {
    await claim(fs, path, own, folder);
  } finally {
    await unlessMissing(fs.remove(own));
  }
  return { release: () => unlessMissing(fs.remove(path)) };
}

/**
 * Removes what processes that died while they took the lock have left beside it; for the one that holds it. One that is
 * trying just now may be made to try again.
 */
export async function removeAttempts(fs: FileSystem, folder: string, lockFile: string): Promise<void> {
  for (const { name } of await fs.list(folder)) {
    if (name.startsWith(`${lockFile}.`)) await unlessMissing(fs.remove(join(folder, name)));
  }
}

async function readIfThere(fs: FileSystem, path: string): Promise<Uint8Array | undefined> {
  try {
    return await fs.read(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Makes `path` a second name of the file `own`. Where a dead process's file stands there, whoever claims the right to
 * replace that very file (a lock of its own, named after its bytes) replaces it: two processes that both found it dead
 * must not replace each other.
 */
async function claim(fs: FileSystem, path: string, own: string, folder: string): Promise<void> {
  for (;;) {
    try {
      return await fs.link(own, path);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    const found = await readIfThere(fs, path);
    if (!found) continue;
    const holder = parseHolder(found);
    if (holder) refuseHeld(holder, path, folder);
    const replacing = `${path}.${createHash("sha256").update(found).digest("hex").slice(0, 16)}`;
    await claim(fs, replacing, own, folder);
    try {
      const still = await readIfThere(fs, path);
      if (still && Buffer.compare(still, found) === 0) return await moveOver(fs, own, path);
    } finally {
      await unlessMissing(fs.remove(replacing));
    }
  }
}

/** Throws `STORAGE_LOCKED` unless the process of `holder` is known to be gone. */
function refuseHeld(holder: Holder, path: string, folder: string): void {
  const liveness = livenessOf(holder);
  if (liveness === "gone") return;
  const { pid, since, namespace, host } = holder;
  const own = liveness === "running" && pid === process.pid;
  const held = `the storage ${folder} is held by ${own ? "this process" : `process ${pid}`} since ${since}`;
  if (liveness === "running") throw new StorageError("STORAGE_LOCKED", held);
  throw new StorageError(
    "STORAGE_LOCKED",
    `${held}, in another container (host ${host ?? "unknown"}, PID namespace ${namespace}), so that it cannot be seen ` +
      `whether it still runs: if you are sure that it does not, remove ${path}`,
  );
}

/** Replaces what stands at `path` by a second name of `own`, in one step. */
async function moveOver(fs: FileSystem, own: string, path: string): Promise<void> {
  const second = `${own}-2`;
  await fs.link(own, second);
  await fs.rename(second, path);
}
