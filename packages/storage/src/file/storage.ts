// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { type Change, checkPath, checkPrefix, type Storage } from "@sealwright/core";
import { copyBatch } from "../changes.ts";
import { closedError, storageError, systemCode } from "../errors.ts";
import type { FileSystem } from "../file-system.ts";
import { type HeldFolder, PRIVATE_FOLDER } from "../folder.ts";
import { sortByUtf8 } from "../utf8-order.ts";
import { Commits } from "./commits.ts";
import { GroupCommit } from "./group-commit.ts";
import { decodeEntry, entryFile, entryName } from "./layout.ts";

/** True where there is nothing at a path, be it that a file stands in place of one of its folders. */
function isAbsence(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Entries as files in OpenBao's layout, below a folder that this process holds. */
export class FileStorage implements Storage {
  readonly type = "file";
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #held: HeldFolder;
  readonly #commits: Commits;
  readonly #groups: GroupCommit;
  #closing: Promise<void> | undefined;

  constructor(fs: FileSystem, root: string, held: HeldFolder) {
    this.#fs = fs;
    this.#root = root;
    this.#held = held;
    this.#commits = new Commits(fs, root, held.privateFolder);
    this.#groups = new GroupCommit((changes) => this.#commits.commit(changes));
  }

  /** Finishes what the process before this one left. To be called once, before anything else. */
  recover(): Promise<void> {
    return this.#commits.finish();
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    if (this.#closing) throw closedError();
    checkPath(path);
    const file = entryFile(this.#root, path);
    const bytes = await this.#commits.reading(() => this.#readFile(path, file));
    return bytes && decodeEntry(path, bytes);
  }

  async #readFile(path: string, file: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#fs.read(file);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw storageError(`the entry ${path} cannot be read`, error);
    }
  }

  async list(prefix: string): Promise<string[]> {
    if (this.#closing) throw closedError();
    checkPrefix(prefix);
    return sortByUtf8(await this.#commits.reading(() => this.#readFolder(prefix)));
  }

  async #readFolder(prefix: string): Promise<string[]> {
    try {
      const items = await this.#fs.list(join(this.#root, prefix));
      return items.flatMap(({ name, kind }) => {
        if (kind === "folder") return prefix === "" && name === PRIVATE_FOLDER ? [] : [`${name}/`];
        return entryName(name) ?? [];
      });
    } catch (error) {
      if (isAbsence(error)) return [];
      throw storageError(`the folder ${join(this.#root, prefix)} cannot be listed`, error);
    }
  }

  async write(batch: readonly Change[]): Promise<void> {
    if (this.#closing) throw closedError();
    const changes = copyBatch(batch);
    if (changes.size > 0) await this.#groups.add(changes);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#groups.idle();
    try {
      await this.#commits.end();
    } catch (error) {
      throw storageError(`the storage ${this.#root} cannot be closed cleanly`, error);
    } finally {
      await this.#held.release();
    }
  }
}
