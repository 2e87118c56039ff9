// SPDX-License-Identifier: Apache-2.0
import { type Change, checkPath, checkPrefix, type Storage } from "@sealwright/core";
import { copyBatch } from "../changes.ts";
import { closedError } from "../errors.ts";
import { sortByUtf8 } from "../utf8-order.ts";

class MemoryStorage implements Storage {
  readonly type = "memory";
  readonly #entries = new Map<string, Uint8Array>();
  #closed = false;

  async get(path: string): Promise<Uint8Array | undefined> {
    if (this.#closed) throw closedError();
    checkPath(path);
    const value = this.#entries.get(path);
    return value && new Uint8Array(value);
  }

  async list(prefix: string): Promise<string[]> {
    if (this.#closed) throw closedError();
    checkPrefix(prefix);
    const names = new Set<string>();
    for (const path of this.#entries.keys()) {
      if (!path.startsWith(prefix)) continue;
      const slash = path.indexOf("/", prefix.length);
      names.add(slash < 0 ? path.slice(prefix.length) : path.slice(prefix.length, slash + 1));
    }
    return sortByUtf8(names);
  }

  async write(batch: readonly Change[]): Promise<void> {
    if (this.#closed) throw closedError();
    for (const [path, value] of copyBatch(batch)) {
      if (value) this.#entries.set(path, value);
      else this.#entries.delete(path);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
  }
}

/** An empty storage that lives as long as the process: for tests. */
export function openMemoryStorage(): Storage {
  return new MemoryStorage();
}
