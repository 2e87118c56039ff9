// SPDX-License-Identifier: Apache-2.0
import type { Barrier } from "./barrier.ts";
import { CoreError } from "./errors.ts";
import { RESERVED } from "./paths.ts";

/** Entries through an open barrier, but for the store's own. */
export abstract class EntryAccess {
  /** The open barrier, for entries at any path. Throws `SEALED`. */
  abstract get barrier(): Barrier;

  /** The plaintext at `path` or undefined. Rejects with `SEALED` or `ENTRY_CORRUPT`. */
  async get(path: string): Promise<Buffer | undefined> {
    return this.barrier.get(path);
  }

  /** The names directly below `prefix`, folders with a trailing `/`. Rejects with `SEALED`. */
  async list(prefix: string): Promise<string[]> {
    return this.barrier.list(prefix);
  }

  /**
   * Encrypts and stores `value`; on disk when it resolves. Rejects with `SEALED`, `FOREIGN_STORAGE`, and with
   * `INVALID_REQUEST` for the store's own paths, such as those below `core/`.
   */
  async put(path: string, value: Uint8Array): Promise<void> {
    const { barrier } = this;
    refuseReserved(path);
    await barrier.put(path, value);
  }

  /** Deletes the entry at `path`, if there is one. Rejects as `put` does. */
  async delete(path: string): Promise<void> {
    const { barrier } = this;
    refuseReserved(path);
    await barrier.delete(path);
  }
}

function refuseReserved(path: string): void {
  const reserved = RESERVED.find((prefix) => path.startsWith(prefix));
  if (reserved === undefined) return;
  throw new CoreError("INVALID_REQUEST", `the path ${path} is below ${reserved}, the store's own`);
}
