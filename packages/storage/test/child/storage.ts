// SPDX-License-Identifier: Apache-2.0
import type { Storage } from "@sealwright/core";
import { openFileStorage } from "@sealwright/storage/file";
import { openLmdbStorage } from "@sealwright/storage/lmdb";

/** The kinds of storage that outlive a process. */
export type Kept = "file" | "lmdb";

export function openKept(type: string, path: string): Promise<Storage> {
  return type === "lmdb" ? openLmdbStorage({ path }) : openFileStorage({ path });
}
