// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { getSystemErrorName } from "node:util";
import { StorageError } from "@sealwright/core";
import type { RootDatabase } from "lmdb";
import { storageError } from "../errors.ts";
import type { CommitMarker } from "./commit-marker.ts";
import { checkHead } from "./head.ts";

/** Keys are paths in UTF-8, values bytes. */
export type Database = RootDatabase<Uint8Array, Buffer>;

/** LMDB's names for what means that a file is damaged; its messages begin with them. */
const CORRUPT = /^MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH|INCOMPATIBLE|PANIC)/;

/** The error that a failed commit refers to, for others the error itself. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    // A promise that always rejects, and ends the process if nobody waits for it.
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

/** The storage error for an error of the library. `failed` is the beginning of its sentence. */
export async function databaseError(failed: string, error: unknown): Promise<StorageError> {
  const cause = await commitError(error);
  if (cause instanceof Error && CORRUPT.test(cause.message)) {
    return new StorageError("STORAGE_CORRUPT", `${failed}: the database is damaged`, { cause });
  }
  // The library's codes: LMDB's own are negative, those of the system positive.
  if (cause instanceof Error && "code" in cause && typeof cause.code === "number" && cause.code > 0) {
    return storageError(failed, Object.assign(cause, { code: getSystemErrorName(-cause.code) }));
  }
  return storageError(failed, cause);
}

/** Opens the database in `folder`. The native library is loaded by the first call. */
export async function openDatabase(folder: string, marker: CommitMarker): Promise<Database> {
  const options = {
    path: folder,
    // Else a folder with a dot in its name is taken for a file.
    noSubdir: false,
    encoding: "binary",
    keyEncoding: "binary",
    // A commit is then flushed to disk before its promise resolves, and a failing flush fails the commit.
    overlappingSync: false,
    // The library makes its own batch of what one turn of the event loop writes, and if its commit fails, of a full
    // disk, a promise of it rejects that nobody can wait for: that ends the process. Our batches need none around them.
    eventTurnBatching: false,
    // Missing from the library's types: the mode of the files that it creates.
    permissionsMode: 0o600,
  } as const;
  try {
    await checkHead(join(folder, "data.mdb"), marker);
    const { open } = await import("lmdb");
    return open<Uint8Array, Buffer>(options);
  } catch (error) {
    throw await databaseError(`the LMDB database in ${folder} cannot be opened`, error);
  }
}
