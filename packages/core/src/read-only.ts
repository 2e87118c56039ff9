// SPDX-License-Identifier: Apache-2.0
import { CoreError } from "./errors.ts";
import type { Storage } from "./storage.ts";

/** The refusal to change what another program wrote. */
export function foreignStorage(): CoreError {
  return new CoreError("FOREIGN_STORAGE", "another program wrote this storage; it is read and never written");
}

/** `storage`, read and never written: every batch is refused with `FOREIGN_STORAGE`, whoever asks for it. */
export function readOnly(storage: Storage): Storage {
  return {
    type: storage.type,
    get: (path) => storage.get(path),
    list: (prefix) => storage.list(prefix),
    async write() {
      throw foreignStorage();
    },
    close: () => storage.close(),
  };
}
