// SPDX-License-Identifier: Apache-2.0
/**
 * The two pages that an LMDB file begins with, its "metas", of which the one of the later transaction counts. Format 2
 * on 64-bit little-endian machines, as in lmdb.h and mdb.c of LMDB's main branch.
 */
import { type FileHandle, open } from "node:fs/promises";
import { StorageError } from "@sealwright/core";
import { systemCode } from "../errors.ts";
import type { CommitMarker } from "./commit-marker.ts";

const PAGE_FLAGS = 18;
const META_FLAG = 0x08;
const MAGIC = 24;
const VERSION = 28;
const PAGE_SIZE = 48;
const MAIN_ROOT = 136;
const LAST_PAGE = 144;
const TRANSACTION = 152;
const META_BYTES = 168;
/** The root of a tree without entries. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

function corrupt(file: string, what: string): StorageError {
  return new StorageError("STORAGE_CORRUPT", `the file ${file} ${what}`);
}

async function readMeta(handle: FileHandle, file: string, position: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(META_BYTES), 0, META_BYTES, position);
  const isMeta =
    bytesRead === META_BYTES &&
    buffer.readUInt16LE(PAGE_FLAGS) === META_FLAG &&
    buffer.readUInt32LE(MAGIC) === 0xbeef_c0de;
  if (!isMeta) throw corrupt(file, "is damaged or no LMDB database");
  if (buffer.readUInt16LE(VERSION) !== 2) throw corrupt(file, "is an LMDB database of a format that cannot be read");
  return buffer;
}

/**
 * Refuses a file that is no LMDB database with `STORAGE_CORRUPT`: the library itself would end the process. A file
 * shorter than its pages, which would end it as well once they are read, is filled up with zeros, and whatever needs
 * these is then reported as damaged; LMDB itself may leave a file short of pages that are free. A file that is empty or
 * missing is one yet to be made, unless `marker` knows better.
 */
export async function checkHead(file: string, marker: CommitMarker): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r+");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return marker.check(file, undefined);
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) return await marker.check(file, size);
    const first = await readMeta(handle, file, 0);
    const pageSize = first.readUInt32LE(PAGE_SIZE);
    if (pageSize < 512 || pageSize > 65_536) throw corrupt(file, "is damaged: its page size is impossible");
    const second = await readMeta(handle, file, pageSize);
    const meta = first.readBigUInt64LE(TRANSACTION) > second.readBigUInt64LE(TRANSACTION) ? first : second;
    const root = meta.readBigUInt64LE(MAIN_ROOT);
    if (root !== NO_PAGE && (root + 1n) * BigInt(pageSize) > BigInt(size)) throw corrupt(file, "was cut short");
    const length = Number(meta.readBigUInt64LE(LAST_PAGE) + 1n) * pageSize;
    if (!Number.isSafeInteger(length)) throw corrupt(file, "is damaged: its number of pages is impossible");
    if (size < length) await handle.truncate(length);
  } finally {
    await handle.close();
  }
}
