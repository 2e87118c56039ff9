// SPDX-License-Identifier: Apache-2.0
/** Which engine answers below which path: the table at `sealwright/mounts`, read once per unseal. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Barrier, PlainChange, SealedStore } from "@sealwright/core";
import { z } from "zod";

const TABLE = "sealwright/mounts";

const mountSchema = z.object({
  /** With a trailing `/`. */
  path: z.string(),
  type: z.string(),
  uuid: z.string(),
  accessor: z.string(),
  description: z.string(),
  options: z.record(z.string(), z.string()),
});
const tableSchema = z.array(mountSchema);

/** One mount. Its data stands below `sealwright/data/<uuid>/`. */
export type Mount = Readonly<z.output<typeof mountSchema>>;

function newMount(path: string, type: string, options: Record<string, string>, description: string): Mount {
  const accessor = `${type}_${randomBytes(4).toString("hex")}`;
  return { path, type, uuid: randomUUID(), accessor, description, options };
}

/** The table of a new store, for the batch that initialises it: key/value version 1 at `secret/`. */
export function firstMounts(): PlainChange[] {
  const table = [newMount("secret/", "kv", { version: "1" }, "key/value secret storage")];
  return [{ op: "put", path: TABLE, value: Buffer.from(JSON.stringify(table)) }];
}

/** Where a mount keeps its data. */
export function dataPrefix(mount: Mount): string {
  return `sealwright/data/${mount.uuid}/`;
}

export class MountTable {
  readonly #store: SealedStore;
  #loaded: { readonly barrier: Barrier; readonly mounts: readonly Mount[] } | undefined;

  constructor(store: SealedStore) {
    this.#store = store;
  }

  /** The mount whose path begins `path`, the longest where several do. Throws `SEALED`. */
  async find(path: string): Promise<Mount | undefined> {
    const mounts = await this.#mounts();
    return mounts.find((mount) => path.startsWith(mount.path) || `${path}/` === mount.path);
  }

  async #mounts(): Promise<readonly Mount[]> {
    const { barrier } = this.#store;
    if (this.#loaded?.barrier === barrier) return this.#loaded.mounts;
    const bytes = await barrier.get(TABLE);
    const mounts = bytes === undefined ? [] : tableSchema.parse(JSON.parse(bytes.toString("utf8")));
    mounts.sort((a, b) => b.path.length - a.path.length);
    this.#loaded = { barrier, mounts };
    return mounts;
  }
}
