// SPDX-License-Identifier: Apache-2.0
// The storages themselves are `@sealwright/storage/memory`, `/file` and `/lmdb`: what is not imported is not loaded.
export type { FileStorageOptions } from "./file/index.ts";
export type { FileSystem, Kind } from "./file-system.ts";
export { type HeldFolder, holdFolder } from "./folder.ts";
export type { LmdbStorageOptions } from "./lmdb/index.ts";
