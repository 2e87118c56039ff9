// SPDX-License-Identifier: Apache-2.0
/**
 * The storage contract: what the core asks of a home for its entries, and the one path rule that all homes share.
 * A storage sees paths and bytes, never plaintext or keys.
 */
import { CodedError } from "./coded-error.ts";

/** One change of a batch. */
export type Change =
  | { readonly op: "put"; readonly path: string; readonly value: Uint8Array }
  | { readonly op: "delete"; readonly path: string };

/** A home for entries. One process holds it at a time, from opening to `close`. */
export interface Storage {
  /** `lmdb`, `file`, `memory`: shown as `storage_type`. */
  readonly type: string;
  /** The bytes at `path` or undefined. The caller owns them. */
  get(path: string): Promise<Uint8Array | undefined>;
  /**
   * The names directly below `prefix` (empty, or ending in `/`), folders with a trailing `/`, ascending by UTF-8
   * bytes. Empty where there is nothing.
   */
  list(prefix: string): Promise<string[]>;
  /**
   * Does all changes or none, in order, and resolves when they are on disk. Whatever becomes of the process, the next
   * one sees all of a batch or nothing of it. Deleting what is not there is no error.
   */
  write(batch: readonly Change[]): Promise<void>;
  /** Releases files and the lock; pending writes are finished first. Later calls reject with `STORAGE_CLOSED`. */
  close(): Promise<void>;
}

/** What storages reject with. */
export const STORAGE_ERRORS = {
  /** Another living process holds the storage. */
  STORAGE_LOCKED: "stop the other server, or give this one another folder",
  /** The folder or file cannot be read or written. */
  STORAGE_UNUSABLE: "check that the folder exists and belongs to this user",
  /** A path breaks the path rule. */
  STORAGE_PATH: "use UTF-8 paths of 1 to 1024 bytes with segments of 1 to 240 bytes that do not begin with _",
  /** What is on disk is not what a storage of this kind writes. */
  STORAGE_CORRUPT: "restore the folder from a backup",
  /** It was closed. */
  STORAGE_CLOSED: "open it again",
  /** The medium refused: full, quota, input/output error. Nothing of the batch was kept. */
  STORAGE_FAILED: "check the disk's space and health",
} as const satisfies Record<string, string>;

/** A code of {@link STORAGE_ERRORS}. */
export type StorageErrorCode = keyof typeof STORAGE_ERRORS;

/** The only error of a storage. `message` is one sentence for an operator. */
export class StorageError extends CodedError<StorageErrorCode> {
  override readonly name = "StorageError";
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, STORAGE_ERRORS[code], options);
  }
}

const MAX_PATH_BYTES = 1024;
const MAX_SEGMENT_BYTES = 240;
// Control characters, and lone surrogates, which have no UTF-8 form.
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

function refuse(path: string, why: string): never {
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path;
  throw new StorageError("STORAGE_PATH", `the path ${JSON.stringify(shown)} ${why}`);
}

// The folder in which a storage in files keeps what is no entry.
const RESERVED_FOLDER = ".sealwright";

/** Throws `STORAGE_PATH` unless `path` names an entry: the rule of every storage. */
export function checkPath(path: string): void {
  if (`${path}/`.startsWith(`${RESERVED_FOLDER}/`)) refuse(path, `is in ${RESERVED_FOLDER}, which holds no entries`);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) refuse(path, `is longer than ${MAX_PATH_BYTES} bytes`);
  if (FORBIDDEN.test(path)) refuse(path, "has a control character or is not Unicode text");
  for (const segment of path.split("/")) {
    if (segment === "") refuse(path, "is empty or has an empty segment");
    if (segment === "." || segment === "..") refuse(path, `has the segment ${segment}`);
    if (segment.startsWith("_")) refuse(path, `has the segment ${segment}, which begins with _`);
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      refuse(path, `has a segment of more than ${MAX_SEGMENT_BYTES} bytes`);
    }
  }
}

/** Throws `STORAGE_PATH` unless `prefix` is empty or a path followed by `/`. */
export function checkPrefix(prefix: string): void {
  if (prefix === "") return;
  if (!prefix.endsWith("/")) refuse(prefix, "is used as a prefix and does not end in /");
  checkPath(prefix.slice(0, -1));
}
