// SPDX-License-Identifier: Apache-2.0
import type { Storage } from "@sealwright/core";
import { openFileStorage } from "@sealwright/storage/file";
import { openLmdbStorage } from "@sealwright/storage/lmdb";

/** A storage on disk, `lmdb` or `file`, in the folder `path`. */
export function openHome(type: string, path: string): Promise<Storage> {
  return type === "lmdb" ? openLmdbStorage({ path }) : openFileStorage({ path });
}
