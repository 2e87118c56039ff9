// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import { StorageError } from "@sealwright/core";
import type { Changes } from "../changes.ts";
import { storageError, systemCode, unlessMissing } from "../errors.ts";
import type { FileSystem } from "../file-system.ts";
import { forEachAtOnce } from "./at-once.ts";
import { encodeEntry, entryFile } from "./layout.ts";

/** A batch whose new files lie ready in the private folder. */
export interface Staged {
  /** Each new file and the place where it belongs. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  /** The files to remove. */
  readonly removals: readonly string[];
}

const STAGED = "staged-";

/** Puts the changes of a batch into their places in OpenBao's layout. */
export class Placement {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #privateFolder: string;

  constructor(fs: FileSystem, root: string, privateFolder: string) {
    this.#fs = fs;
    this.#root = root;
    this.#privateFolder = privateFolder;
  }

  /** Rejects if something stands where an entry or its folder belongs, or where names cannot be changed. */
  async check(changes: Changes): Promise<void> {
    const folders = new Set<string>();
    await forEachAtOnce(changes.keys(), async (path) => {
      const file = entryFile(this.#root, path);
      folders.add(dirname(file));
      if ((await this.#fs.kind(file)) === "folder") {
        throw new StorageError("STORAGE_UNUSABLE", `${file} is a folder, where the entry ${path} belongs`);
      }
    });
    await forEachAtOnce(folders, (folder) => this.#checkFolder(folder));
  }

  async #checkFolder(folder: string): Promise<void> {
    const kind = await this.#fs.kind(folder);
    if (kind === "file") throw new StorageError("STORAGE_UNUSABLE", `${folder} is a file, where a folder belongs`);
    if (kind === "nothing") return this.#checkFolder(dirname(folder));
    try {
      await this.#fs.checkWritable(folder);
    } catch (error) {
      throw storageError(`nothing can be written in ${folder}`, error);
    }
  }

  /** Writes the new files, durably, beside the journal. Nothing can be seen of them yet. */
  async stage(changes: Changes): Promise<Staged> {
    const moves: { from: string; to: string; value: Uint8Array }[] = [];
    const removals: string[] = [];
    for (const [path, value] of changes) {
      const to = entryFile(this.#root, path);
      if (value) moves.push({ from: join(this.#privateFolder, `${STAGED}${moves.length}`), to, value });
      else removals.push(to);
    }
    await forEachAtOnce(moves, async ({ from, value }) => {
      await this.#fs.write(from, encodeEntry(value));
      await this.#fs.sync(from);
    });
    return { moves, removals };
  }

  /** Removes staged files that were not placed. */
  async unstage(): Promise<void> {
    const items = await this.#fs.list(this.#privateFolder);
    const left = items.filter(({ name }) => name.startsWith(STAGED));
    await forEachAtOnce(left, ({ name }) => this.#fs.remove(join(this.#privateFolder, name)));
  }

  /**
   * Moves staged files into their places, removes what is deleted and, upwards, the folders that this leaves empty.
   * Gives the folders whose names have changed: nothing of it is durable before `sync` of these.
   */
  async place(staged: Staged): Promise<Set<string>> {
    const changed = new Set<string>();
    for (const { from, to } of staged.moves) {
      await this.#makeFolders(dirname(to), changed);
      await this.#fs.rename(from, to);
      changed.add(dirname(to));
    }
    for (const file of staged.removals) await this.#removeEntry(file, changed);
    return changed;
  }

  /** All folders above the places of a staged batch, the root included. */
  foldersAbove(staged: Staged): Set<string> {
    const folders = new Set([this.#root]);
    for (const { to } of staged.moves) {
      for (let folder = dirname(to); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
    }
    return folders;
  }

  /** Makes the names in these folders durable. */
  sync(folders: Iterable<string>): Promise<void> {
    return forEachAtOnce(folders, (folder) => this.#fs.sync(folder));
  }

  async #makeFolders(folder: string, changed: Set<string>): Promise<void> {
    if (changed.has(folder) || (await this.#fs.kind(folder)) === "folder") return;
    await this.#makeFolders(dirname(folder), changed);
    await this.#fs.makeFolder(folder);
    changed.add(dirname(folder));
  }

  async #removeEntry(file: string, changed: Set<string>): Promise<void> {
    await unlessMissing(this.#fs.remove(file));
    let folder = dirname(file);
    while (folder !== this.#root) {
      try {
        await unlessMissing(this.#fs.removeFolder(folder));
      } catch (error) {
        if (systemCode(error) !== "ENOTEMPTY") throw error;
        break;
      }
      changed.delete(folder);
      folder = dirname(folder);
    }
    changed.add(folder);
  }
}
