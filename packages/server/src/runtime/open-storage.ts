// SPDX-License-Identifier: Apache-2.0
import type { Storage } from "@sealwright/core";
import type { StorageConfig } from "../config/index.ts";

/** Opens the configured storage; only its own code is loaded. Throws `StorageError`. */
export async function openStorage(config: StorageConfig): Promise<Storage> {
  switch (config.type) {
    case "lmdb":
      return (await import("@sealwright/storage/lmdb")).openLmdbStorage({ path: config.path });
    case "file":
      return (await import("@sealwright/storage/file")).openFileStorage({ path: config.path });
    case "inmem":
      return (await import("@sealwright/storage/memory")).openMemoryStorage();
  }
}
