// SPDX-License-Identifier: Apache-2.0
/** Mounting, moving, tuning and unmounting. What takes longer than one batch is finished after a kill by `resume`. */
import type { SealedStore } from "@sealwright/core";
import { HttpError } from "../http/problem.ts";
import { KeyedMutex } from "./keyed-mutex.ts";
import { upgradeEntries } from "./kv2/upgrade.ts";
import { dataPrefix, kvVersion, type Mount, type MountSettings, newMount } from "./mount.ts";
import { conflicting, refuseProtected } from "./mount-path.ts";
import type { MountTable } from "./mount-table.ts";
import { entriesBelow } from "./walk.ts";

/** Makes, moves, tunes and removes mounts. */
export class MountChanges {
  readonly #store: SealedStore;
  readonly #table: MountTable;
  // By mount: an upgrade and a removal of its data don't meet.
  readonly #mutex = new KeyedMutex();

  constructor(store: SealedStore, table: MountTable) {
    this.#store = store;
    this.#table = table;
  }

  /** Adds a mount. Throws 400 where its path is taken or belongs to the server. */
  async mount(settings: MountSettings): Promise<void> {
    refuseProtected(settings.path, "cannot mount");
    if (await this.#isUnusedPlaceholder(settings.path)) await this.unmount(settings.path);
    await this.#table.change((table) => {
      const taken = conflicting(table.mounts, settings.path);
      if (taken !== undefined) throw new HttpError(400, `path is already in use at ${taken.path}`);
      return { ...table, mounts: [...table.mounts, newMount(settings)] };
    });
  }

  async #isUnusedPlaceholder(path: string): Promise<boolean> {
    const { mounts } = await this.#table.read();
    const mount = mounts.find((each) => each.path === path && each.placeholder);
    return mount !== undefined && (await this.#store.barrier.list(dataPrefix(mount.uuid))).length === 0;
  }

  /** Takes a mount away and removes its data. There being none is no error, as in Vault. */
  async unmount(path: string): Promise<void> {
    refuseProtected(path, "cannot unmount");
    let gone: Mount | undefined;
    await this.#table.change((table) => {
      gone = table.mounts.find((each) => each.path === path);
      if (gone === undefined) return table;
      const mounts = table.mounts.filter((each) => each !== gone);
      return { mounts, removed: [...table.removed, gone.uuid] };
    });
    if (gone !== undefined) await this.#removeData(gone.uuid);
  }

  /** Gives a mount another path; its data stays where it is. Throws 400 where that cannot be. */
  async move(from: string, to: string): Promise<void> {
    refuseProtected(from, "cannot remount");
    refuseProtected(to, "cannot remount to");
    await this.#table.change((table) => {
      const found = table.mounts.find((each) => each.path === from);
      if (found === undefined) throw new HttpError(400, `no matching mount at ${JSON.stringify(from)}`);
      const taken = conflicting(table.mounts, to);
      if (taken !== undefined) throw new HttpError(400, `path in use at ${JSON.stringify(taken.path)}`);
      return { ...table, mounts: table.mounts.map((each) => (each === found ? { ...each, path: to } : each)) };
    });
  }

  /**
   * Puts what `edit` makes of the mount at `path` in its place. Where that raises the version of key/value, it is done
   * when every entry has a version. Throws 400 where there is no such mount, and what `edit` throws.
   */
  async tune(path: string, edit: (mount: Mount) => Mount): Promise<void> {
    let tuned: Mount | undefined;
    await this.#table.change((table) => {
      const found = table.mounts.find((each) => each.path === path);
      if (found === undefined) throw new HttpError(400, `No secret engine mount at ${path}`);
      const after = edit(found);
      tuned = { ...after, upgrading: found.upgrading || kvVersion(after) > kvVersion(found) };
      return { ...table, mounts: table.mounts.map((each) => (each === found && tuned ? tuned : each)) };
    });
    if (tuned?.upgrading) await this.#upgrade(tuned.uuid);
  }

  /** Finishes what a kill or a seal interrupted. */
  async resume(): Promise<void> {
    const { mounts, removed } = await this.#table.read();
    for (const uuid of removed) await this.#removeData(uuid);
    for (const mount of mounts) if (mount.upgrading) await this.#upgrade(mount.uuid);
  }

  #removeData(uuid: string): Promise<void> {
    return this.#mutex.run(uuid, async () => {
      await this.#table.idle(uuid);
      const { barrier } = this.#store;
      for await (const paths of entriesBelow(barrier, dataPrefix(uuid))) {
        await barrier.write(paths.map((path) => ({ op: "delete", path })));
      }
      await this.#table.change((table) => ({ ...table, removed: table.removed.filter((each) => each !== uuid) }));
    });
  }

  #upgrade(uuid: string): Promise<void> {
    return this.#mutex.run(uuid, async () => {
      await this.#table.idle(uuid);
      const { mounts } = await this.#table.read();
      if (!mounts.some((each) => each.uuid === uuid && each.upgrading)) return;
      await upgradeEntries(this.#store.barrier, dataPrefix(uuid));
      const done = (mount: Mount): Mount => (mount.uuid === uuid ? { ...mount, upgrading: false } : mount);
      await this.#table.change((table) => ({ ...table, mounts: table.mounts.map(done) }));
    });
  }
}
