// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import type { Storage } from "@sealwright/core";
import { type FileSystem, nodeFileSystem } from "../file-system.ts";
import { holdFolder } from "../folder.ts";
import { FileStorage } from "./storage.ts";

export type { FileSystem, Kind } from "../file-system.ts";

/** Where the storage is. */
export interface FileStorageOptions {
  /** The folder; created, mode 0700, where it is missing. */
  readonly path: string;
  /** The machine's own unless given. */
  readonly fs?: FileSystem;
}

/**
 * Opens a folder in OpenBao's layout. What a killed process left undone is finished first; nothing else is written
 * outside `.sealwright/`, so a foreign folder that is only read stays as it is.
 * Rejects with `STORAGE_LOCKED`, `STORAGE_UNUSABLE`, `STORAGE_CORRUPT` (a damaged journal) or `STORAGE_FAILED`.
 */
export async function openFileStorage(options: FileStorageOptions): Promise<Storage> {
  const fs = options.fs ?? nodeFileSystem;
  const root = resolve(options.path);
  const held = await holdFolder(fs, root);
  const storage = new FileStorage(fs, root, held);
  try {
    await storage.recover();
  } catch (error) {
    await held.release();
    throw error;
  }
  return storage;
}
