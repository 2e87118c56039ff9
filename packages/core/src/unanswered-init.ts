// SPDX-License-Identifier: Apache-2.0
/**
 * An initialisation whose answer nobody received may be repeated, since nobody could ever open what it made. A mark is
 * written with it, and taken away once the answer has gone out or somebody has shown to hold it.
 */
import type { PlainChange } from "./barrier.ts";
import { CoreError } from "./errors.ts";
import { isInitialized } from "./inventory.ts";
import { INIT_UNANSWERED } from "./paths.ts";
import type { Change, Storage } from "./storage.ts";

/** For the batch that initialises: nobody has the answer yet. */
export function unansweredInit(): PlainChange {
  return { op: "put", path: INIT_UNANSWERED, value: Buffer.from("nobody has received the answer") };
}

/** Whether the storage was initialised and nobody is known to have the answer. */
export async function isInitUnanswered(storage: Storage): Promise<boolean> {
  return (await storage.get(INIT_UNANSWERED)) !== undefined;
}

/** The batch that takes the mark away. */
export const initAnswered: readonly Change[] = [{ op: "delete", path: INIT_UNANSWERED }];

async function everyPath(storage: Storage, prefix = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await storage.list(prefix)) {
    if (name.endsWith("/")) paths.push(...(await everyPath(storage, prefix + name)));
    else paths.push(prefix + name);
  }
  return paths;
}

/** `storage`, whose every batch takes away all there was: what nobody could open. */
function overwriting(storage: Storage): Storage {
  return {
    type: storage.type,
    get: (path) => storage.get(path),
    list: (prefix) => storage.list(prefix),
    async write(batch) {
      const removals = (await everyPath(storage)).map((path): Change => ({ op: "delete", path }));
      await storage.write([...removals, ...batch]);
    },
    close: () => storage.close(),
  };
}

/**
 * `storage` where it may be initialised: empty, or sealed and its initialisation unanswered, which is then replaced. Rejects
 * with `ALREADY_INITIALIZED` or `STORAGE_INCOMPLETE`.
 */
export async function storageToInitialize(storage: Storage, sealed: boolean): Promise<Storage> {
  if (!(await isInitialized(storage))) return storage;
  if (sealed && (await isInitUnanswered(storage))) return overwriting(storage);
  throw new CoreError("ALREADY_INITIALIZED", "Vault is already initialized");
}
