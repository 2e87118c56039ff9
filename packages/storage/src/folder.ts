// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import { storageError, systemCode } from "./errors.ts";
import type { FileSystem } from "./file-system.ts";
import { type Lock, removeAttempts, takeLock } from "./lock/index.ts";

/** The folder in a storage's root that holds what is ours and is no entry. */
export const PRIVATE_FOLDER = ".sealwright";

const LOCK_FILE = "lock";

/** A storage's folder, which this process alone uses until it is released. */
export interface HeldFolder {
  /** The private folder. */
  readonly privateFolder: string;
  /** Gives the folder back: the lock goes, and the private folder unless something is left in it. */
  release(): Promise<void>;
}

/** Creates a folder with its parents, each mode 0700 and durable, where they are missing. */
export async function makeFolders(fs: FileSystem, folder: string): Promise<void> {
  if ((await fs.kind(folder)) === "folder") return;
  try {
    await fs.makeFolder(folder);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" && (await fs.kind(folder)) === "folder") return;
    if (code !== "ENOENT") throw error;
    await makeFolders(fs, dirname(folder));
    return makeFolders(fs, folder);
  }
  await fs.sync(dirname(folder));
}

async function lockFolder(fs: FileSystem, root: string, privateFolder: string): Promise<Lock> {
  for (;;) {
    await makeFolders(fs, root);
    await makeFolders(fs, privateFolder);
    try {
      const lock = await takeLock(fs, join(privateFolder, LOCK_FILE), root);
      await removeAttempts(fs, privateFolder, LOCK_FILE);
      return lock;
    } catch (error) {
      // The one that held it has just removed the private folder on its way out.
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }
}

/**
 * Takes the folder `root` for this process, creating it where it is missing.
 * Rejects with `STORAGE_LOCKED` while another holds it, with `STORAGE_UNUSABLE` if it cannot be written to.
 */
export async function holdFolder(fs: FileSystem, root: string): Promise<HeldFolder> {
  const privateFolder = join(root, PRIVATE_FOLDER);
  let lock: Lock;
  try {
    lock = await lockFolder(fs, root, privateFolder);
  } catch (error) {
    throw storageError(`the storage folder ${root} cannot be used`, error);
  }
  return {
    privateFolder,
    async release() {
      try {
        await lock.release();
        await fs.removeFolder(privateFolder);
      } catch (error) {
        if (systemCode(error) !== "ENOTEMPTY")
          throw storageError(`the storage folder ${root} cannot be released`, error);
      }
    },
  };
}
