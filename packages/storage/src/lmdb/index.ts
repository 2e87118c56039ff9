// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import type { Storage } from "@sealwright/core";
import { nodeFileSystem } from "../file-system.ts";
import { holdFolder } from "../folder.ts";
import { CommitMarker } from "./commit-marker.ts";
import { openDatabase } from "./database.ts";
import { LmdbStorage } from "./storage.ts";

/** Where the storage is. */
export interface LmdbStorageOptions {
  /** The folder of the database files; created, mode 0700, where it is missing. */
  readonly path: string;
}

/**
 * Opens an LMDB database. The native library is loaded by this call, not by importing this module.
 * Rejects with `STORAGE_LOCKED`, `STORAGE_UNUSABLE`, `STORAGE_CORRUPT` (not an LMDB database, or
 * none where one has been) or `STORAGE_FAILED`.
 */
export async function openLmdbStorage(options: LmdbStorageOptions): Promise<Storage> {
  const root = resolve(options.path);
  const held = await holdFolder(nodeFileSystem, root);
  try {
    const marker = new CommitMarker(nodeFileSystem, held.privateFolder);
    return new LmdbStorage(await openDatabase(root, marker), held, marker);
  } catch (error) {
    await held.release();
    throw error;
  }
}
