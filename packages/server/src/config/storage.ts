// SPDX-License-Identifier: Apache-2.0
/** The `storage` block. */
import type { Block } from "./blocks.ts";
import { ConfigError } from "./errors.ts";
import { collect, type Reading, readSection, type Section, type Settings } from "./section.ts";
import { text } from "./values.ts";

const onDisk = {
  path: { schema: text, doc: "The folder; relative to the working directory. Made if it is not there. Required." },
} as const satisfies Settings;

const ignored = {
  advertise_addr: "use api_addr",
  cluster_addr: "use cluster_addr outside the block",
  disable_clustering: "this server works alone, without standbys or replication",
  redirect_addr: "use api_addr",
};

/** The settings of each storage, by type. */
export const storages = {
  file: { name: 'storage "file"', settings: onDisk, ignored, blocks: [] } satisfies Section,
  lmdb: { name: 'storage "lmdb"', settings: onDisk, ignored, blocks: [] } satisfies Section,
  inmem: { name: 'storage "inmem"', settings: {}, ignored, blocks: [] } satisfies Section,
};

/** Where entries live. `inmem` forgets everything with the process. */
export type StorageConfig =
  | { readonly type: "file" | "lmdb"; readonly path: string }
  | { readonly type: "inmem"; readonly path: undefined };

/** Reads a `storage` block; `memory` is another name for `inmem`. */
export function readStorage(block: Block, reading: Reading): StorageConfig {
  const label = block.labels[0]?.toLowerCase();
  const type = label === "memory" ? "inmem" : label;
  if (type !== "file" && type !== "lmdb" && type !== "inmem") {
    throw new ConfigError(`storage ${JSON.stringify(label)} is not supported: use lmdb, file or inmem`, block.at);
  }
  reading.origins.set("storage.type", { from: "file", ...block.at });
  const collected = collect(storages[type], block.body.entries, block.at.file, reading);
  if (type === "inmem") return { type, path: undefined };
  const { path } = readSection(storages[type], collected, "storage", reading);
  if (path === undefined) throw new ConfigError(`${storages[type].name} needs a path: path = "./data"`, block.at);
  return { type, path };
}
