// SPDX-License-Identifier: Apache-2.0
import { StorageError, type StorageErrorCode } from "@sealwright/core";

interface Reason {
  readonly code: StorageErrorCode;
  readonly words: string;
}

const REASONS: Readonly<Record<string, Reason>> = {
  EACCES: { code: "STORAGE_UNUSABLE", words: "this user has no permission" },
  EPERM: { code: "STORAGE_UNUSABLE", words: "this user has no permission" },
  EROFS: { code: "STORAGE_UNUSABLE", words: "the file system is read-only" },
  ENOENT: { code: "STORAGE_UNUSABLE", words: "it is not there" },
  ENOTDIR: { code: "STORAGE_UNUSABLE", words: "a file stands where a folder is needed" },
  EISDIR: { code: "STORAGE_UNUSABLE", words: "a folder stands where a file is needed" },
  EEXIST: { code: "STORAGE_UNUSABLE", words: "a file stands where a folder is needed" },
  ELOOP: { code: "STORAGE_UNUSABLE", words: "its symbolic links run in a circle" },
  ENAMETOOLONG: { code: "STORAGE_UNUSABLE", words: "its name is too long for the file system" },
  ENOSPC: { code: "STORAGE_FAILED", words: "the disk is full" },
  EDQUOT: { code: "STORAGE_FAILED", words: "the disk quota is used up" },
  EFBIG: { code: "STORAGE_FAILED", words: "the file would exceed the allowed size" },
  EIO: { code: "STORAGE_FAILED", words: "the medium reported an input/output error" },
  EMFILE: { code: "STORAGE_FAILED", words: "too many files are open" },
  ENFILE: { code: "STORAGE_FAILED", words: "too many files are open" },
};

/** The `code` of a system error (`ENOENT`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * The storage error for a failed system call. `failed` says what could not be done, as the beginning of a sentence.
 * Storage errors pass unchanged.
 */
export function storageError(failed: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = systemCode(cause);
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason) return new StorageError(reason.code, `${failed}: ${reason.words}`, { cause });
  return new StorageError("STORAGE_FAILED", `${failed}${code ? ` (${code})` : ""}`, { cause });
}

/** The rejection of a call on a storage that was closed. */
export function closedError(): StorageError {
  return new StorageError("STORAGE_CLOSED", "the storage is closed");
}

/** Waits for the removal of a file or folder, which may be gone already. */
export async function unlessMissing(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
