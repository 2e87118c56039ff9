// SPDX-License-Identifier: Apache-2.0
import {
  access,
  close as closeHandle,
  constants,
  type Dirent,
  fsync,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
  writeFile,
} from "node:fs";
import { promisify } from "node:util";
import { systemCode } from "./errors.ts";

/** What stands at a path. */
export type Kind = "file" | "folder" | "nothing";

/**
 * The few calls that the storages make of a file system, so that tests can make any of them fail. All reject with
 * system errors (`code: "ENOENT"` and the like). Nothing is durable until it was synced: a file's bytes by `sync` of the
 * file, its name (and its going away) by `sync` of the folder.
 */
export interface FileSystem {
  /** The bytes of a file. */
  read(path: string): Promise<Uint8Array>;
  /** The names in a folder, in no order, each with its kind. */
  list(folder: string): Promise<{ readonly name: string; readonly kind: Kind }[]>;
  /** What stands at a path; nothing can stand below a file. */
  kind(path: string): Promise<Kind>;
  /** Rejects unless names can be added to and removed from the folder. */
  checkWritable(folder: string): Promise<void>;
  /** Creates or overwrites a file, mode 0600. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Forces a file's bytes, or a folder's names, to the medium. */
  sync(path: string): Promise<void>;
  /** Moves a file, replacing what is there in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; `EEXIST` when that is taken, so that one of several callers succeeds. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Creates one folder, mode 0700. */
  makeFolder(path: string): Promise<void>;
  /** Removes an empty folder, else `ENOTEMPTY`. */
  removeFolder(path: string): Promise<void>;
}

// The callback functions behind promises cost half of what node:fs/promises does, and reads are many.
const calls = {
  access: promisify(access),
  close: promisify(closeHandle),
  fsync: promisify(fsync),
  link: promisify(link),
  stat: promisify(stat),
  mkdir: promisify(mkdir),
  open: promisify(open),
  readdir: promisify(readdir),
  readFile: promisify(readFile),
  rename: promisify(rename),
  rmdir: promisify(rmdir),
  unlink: promisify(unlink),
  writeFile: promisify(writeFile),
};

function kindOf(entry: Pick<Dirent, "isDirectory">): Kind {
  return entry.isDirectory() ? "folder" : "file";
}

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = {
  read: (path) => calls.readFile(path),
  async list(folder) {
    const entries = await calls.readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },
  async kind(path) {
    try {
      return kindOf(await calls.stat(path));
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOENT" || code === "ENOTDIR") return "nothing";
      throw error;
    }
  },
  checkWritable: (folder) => calls.access(folder, constants.W_OK | constants.X_OK),
  write: (path, bytes) => calls.writeFile(path, bytes, { mode: 0o600 }),
  async sync(path) {
    const handle = await calls.open(path, "r");
    try {
      await calls.fsync(handle);
    } finally {
      await calls.close(handle);
    }
  },
  rename: (from, to) => calls.rename(from, to),
  link: (from, to) => calls.link(from, to),
  remove: (path) => calls.unlink(path),
  async makeFolder(path) {
    await calls.mkdir(path, { mode: 0o700 });
  },
  removeFolder: (path) => calls.rmdir(path),
};
