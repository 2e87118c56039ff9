// SPDX-License-Identifier: Apache-2.0
/**
 * `.sealwright/committed`, an empty file that says that the database beside it has held something: an empty or missing
 * one is then a failed restore or a lost disk, and not a first start.
 */
import { dirname, join } from "node:path";
import { StorageError } from "@sealwright/core";
import type { FileSystem } from "../file-system.ts";

const NAME = "committed";

export class CommitMarker {
  readonly #fs: FileSystem;
  readonly #file: string;
  #setting: Promise<void> | undefined;

  constructor(fs: FileSystem, privateFolder: string) {
    this.#fs = fs;
    this.#file = join(privateFolder, NAME);
  }

  /** Throws `STORAGE_CORRUPT` where the marker is there and `database`, a file of `size` bytes or none, has nothing. */
  async check(database: string, size: number | undefined): Promise<void> {
    if (size !== undefined && size > 0) return;
    if ((await this.#fs.kind(this.#file)) === "nothing") return;
    throw new StorageError(
      "STORAGE_CORRUPT",
      `the file ${database} is ${size === undefined ? "missing" : "empty"}, and has held data before: ` +
        `put the database back, or remove ${this.#file} as well to begin with an empty storage`,
    );
  }

  /**
   * Makes the marker durable, once something was committed. Never rejects: that is no failure of the commit, and it is
   * tried again after the next one.
   */
  set(): Promise<void> {
    this.#setting ??= this.#set().catch(() => {
      this.#setting = undefined;
    });
    return this.#setting;
  }

  async #set(): Promise<void> {
    if ((await this.#fs.kind(this.#file)) === "file") return;
    await this.#fs.write(this.#file, new Uint8Array());
    const folder = dirname(this.#file);
    for (const each of [this.#file, folder, dirname(folder)]) await this.#fs.sync(each);
  }
}
