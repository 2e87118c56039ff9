// SPDX-License-Identifier: Apache-2.0
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "@sealwright/core";
import type { RootDatabase } from "lmdb";
import { storageError, systemCode } from "../errors.ts";

/** Keys are paths in UTF-8, values bytes. */
export type Database = RootDatabase<Uint8Array, Buffer>;

/** What `code` of LMDB's errors means the file is not, or no longer, an LMDB database. */
const CORRUPT = /MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH|INCOMPATIBLE|PANIC)/;

/** The storage error for an error of the library, whose messages begin with LMDB's own name for it. */
export function databaseError(failed: string, error: unknown): StorageError {
  if (error instanceof Error && !systemCode(error)) {
    if (CORRUPT.test(error.message)) {
      return new StorageError("STORAGE_CORRUPT", `${failed}: the file is damaged or no LMDB database`, {
        cause: error,
      });
    }
  }
  return storageError(failed, error);
}

/** Opens the database in `folder`, with its files readable by this user only. */
export async function openDatabase(folder: string): Promise<Database> {
  const { open } = await import("lmdb");
  let database: Database;
  try {
    database = open<Uint8Array, Buffer>({
      path: folder,
      // Else a folder with a dot in its name is taken for a file.
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
      // A commit is then flushed to disk before its promise resolves, and a failing flush fails the commit.
      overlappingSync: false,
    });
    for (const file of ["data.mdb", "lock.mdb"]) await chmod(join(folder, file), 0o600);
  } catch (error) {
    throw databaseError(`the LMDB database in ${folder} cannot be opened`, error);
  }
  return database;
}
