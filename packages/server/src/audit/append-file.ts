// SPDX-License-Identifier: Apache-2.0
/** The few calls that an audit file needs of the file system. */
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

/** A file that grows at its end. Rejects with what the file system rejects with. */
export interface AppendFile {
  /** Which file this is, whatever its name: device and inode. */
  readonly identity: string;
  size(): Promise<number>;
  /** At most `length` bytes from `position` on; fewer at the end only. */
  read(position: number, length: number): Promise<Buffer>;
  /** Writes all of `bytes` at the end, in one call as a rule. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was appended is on disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a file for appending; makes it where there is none. */
export type OpenAppendFile = (path: string) => Promise<AppendFile>;

/** Only the server's user reads and writes the file; a mode that an operator gave it stays. */
const MODE = 0o600;

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Opens a regular file, or makes it with mode 0600. Its name is on disk when this resolves. */
export const openAppendFile: OpenAppendFile = async (path) => {
  const handle = await open(path, "a+", MODE);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw Object.assign(new Error("not a regular file"), { code: "EINVAL" });
    if (stat.size === 0) await syncFolder(path);
    return {
      identity: `${stat.dev}:${stat.ino}`,
      size: async () => (await handle.stat()).size,
      read: (position, length) => readFully(handle, position, length),
      append: (bytes) => handle.appendFile(bytes),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
};
