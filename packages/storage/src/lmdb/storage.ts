// SPDX-License-Identifier: Apache-2.0
import { type Change, checkPath, checkPrefix, type Storage } from "@sealwright/core";
import { copyBatch } from "../changes.ts";
import { closedError } from "../errors.ts";
import type { HeldFolder } from "../folder.ts";
import type { CommitMarker } from "./commit-marker.ts";
import { type Database, databaseError } from "./database.ts";

/** Entries as keys and values of an LMDB database, in a folder that this process holds. */
export class LmdbStorage implements Storage {
  readonly type = "lmdb";
  readonly #database: Database;
  readonly #held: HeldFolder;
  readonly #marker: CommitMarker;
  #closing: Promise<void> | undefined;

  constructor(database: Database, held: HeldFolder, marker: CommitMarker) {
    this.#database = database;
    this.#held = held;
    this.#marker = marker;
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    if (this.#closing) throw closedError();
    checkPath(path);
    try {
      const value = this.#database.getBinary(Buffer.from(path));
      return value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    } catch (error) {
      throw await databaseError(`the entry ${path} cannot be read`, error);
    }
  }

  async list(prefix: string): Promise<string[]> {
    if (this.#closing) throw closedError();
    checkPrefix(prefix);
    try {
      return [...this.#names(prefix)];
    } catch (error) {
      throw await databaseError(`the entries below ${prefix || "/"} cannot be listed`, error);
    }
  }

  /** Goes through the keys below a prefix, in their order, and jumps over what lies below each folder. */
  *#names(prefix: string): Generator<string> {
    const end = afterFolder(prefix);
    let start: Buffer | undefined = Buffer.from(prefix || "\0");
    while (start) {
      const from: Buffer = start;
      start = undefined;
      for (const key of this.#database.getKeys({ start: from, ...(end && { end }) })) {
        const path = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString();
        const slash = path.indexOf("/", prefix.length);
        if (slash < 0) {
          yield path.slice(prefix.length);
          continue;
        }
        const folder = path.slice(0, slash + 1);
        yield folder.slice(prefix.length);
        start = afterFolder(folder);
        break;
      }
    }
  }

  async write(batch: readonly Change[]): Promise<void> {
    if (this.#closing) throw closedError();
    const changes = copyBatch(batch);
    try {
      await this.#database.batch(() => {
        for (const [path, value] of changes) {
          const key = Buffer.from(path);
          if (value) this.#database.put(key, value);
          else this.#database.remove(key);
        }
      });
    } catch (error) {
      throw await databaseError("the batch was not written", error);
    }
    await this.#marker.set();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#database.close();
    } finally {
      await this.#held.release();
    }
  }
}

/** The first key after everything in a folder, given with its `/`; undefined for the root, which ends with the keys. */
function afterFolder(folder: string): Buffer | undefined {
  if (folder === "") return undefined;
  const key = Buffer.from(folder);
  key[key.length - 1] = "/".charCodeAt(0) + 1;
  return key;
}
