// SPDX-License-Identifier: Apache-2.0
/** Which engine answers below which path: the table at `sealwright/mounts`, read once per unseal. */
import { type Barrier, Mutex, type PlainChange, type SealedStore } from "@sealwright/core";
import * as z from "zod";
import { InUse } from "./in-use.ts";
import { firstMount, type Mount, mountSchema } from "./mount.ts";

const TABLE = "sealwright/mounts";

const tableSchema = z.object({
  mounts: z.array(mountSchema),
  /** The UUIDs of mounts that are gone and whose data may not be gone yet. */
  removed: z.array(z.string()),
});

/** An immutable value: a change puts another one in its place. */
export type Mounts = Readonly<{ mounts: readonly Mount[]; removed: readonly string[] }>;

/** The table of a new store, for the batch that initialises it. */
export function firstMounts(): PlainChange[] {
  const table: Mounts = { mounts: [firstMount()], removed: [] };
  return [{ op: "put", path: TABLE, value: Buffer.from(JSON.stringify(table)) }];
}

/** The mounts, read once per unseal. */
export class MountTable {
  readonly #store: SealedStore;
  readonly #mutex = new Mutex();
  readonly #inUse = new InUse();
  #loaded: { readonly barrier: Barrier; readonly table: Mounts } | undefined;

  constructor(store: SealedStore) {
    this.#store = store;
  }

  /** The table as it is now. Rejects with `SEALED`. */
  async read(): Promise<Mounts> {
    const { barrier } = this.#store;
    if (this.#loaded?.barrier === barrier) return this.#loaded.table;
    return this.#mutex.run(() => this.#load());
  }

  /**
   * Puts what `edit` makes of the table in its place, on disk when it resolves. Changes come one after another. What
   * `edit` throws is passed on, and nothing changes.
   */
  change(edit: (table: Mounts) => Mounts): Promise<Mounts> {
    return this.#mutex.run(async () => {
      const { barrier } = this.#store;
      const table = edit(await this.#load());
      await barrier.put(TABLE, Buffer.from(JSON.stringify(table)));
      this.#loaded = { barrier, table };
      return table;
    });
  }

  /** Does `work` with the mount that `path` is in, or with undefined. The mount is in use meanwhile. */
  async use<T>(path: string, work: (mount: Mount | undefined) => Promise<T>): Promise<T> {
    const { mounts } = await this.read();
    // Looked up and counted at once: whoever takes a mount out of the table afterwards waits for this use of it.
    const mount = (this.#loaded?.table.mounts ?? mounts).find((each) => isWithin(path, each));
    // One that is being upgraded answers nothing, and must not be kept waiting by those who ask.
    if (mount === undefined || mount.upgrading) return work(mount);
    return this.#inUse.during(mount.uuid, () => work(mount));
  }

  /** Resolves when no request is at work in the mount of this UUID. */
  idle(uuid: string): Promise<void> {
    return this.#inUse.idle(uuid);
  }

  async #load(): Promise<Mounts> {
    const { barrier } = this.#store;
    if (this.#loaded?.barrier === barrier) return this.#loaded.table;
    const bytes = await barrier.get(TABLE);
    const table = bytes === undefined ? { mounts: [], removed: [] } : tableSchema.parse(JSON.parse(bytes.toString()));
    this.#loaded = { barrier, table };
    return table;
  }
}

/** Whether a request for `path`, which may leave out the final `/`, is the mount's. */
function isWithin(path: string, mount: Mount): boolean {
  return path.startsWith(mount.path) || (path.length + 1 === mount.path.length && mount.path.startsWith(path));
}
