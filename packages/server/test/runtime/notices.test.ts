// SPDX-License-Identifier: Apache-2.0
import { CoreError, type SealedStore, StorageError } from "@sealwright/core";
import { expect, it } from "vitest";
import { createLog } from "../../src/runtime/log.ts";
import { watchSealConfigs } from "../../src/runtime/notices.ts";

/** What is logged where a store that was just unsealed cannot tell its status, and is `sealed` by then or not. */
async function logged(sealed: boolean, error: CoreError | StorageError): Promise<string[]> {
  const lines: string[] = [];
  const asked = Promise.withResolvers<never>();
  const listeners: (() => void)[] = [];
  const store: Pick<SealedStore, "sealed" | "status" | "onUnsealed"> = {
    sealed,
    status: () => asked.promise,
    onUnsealed: (listener) => void listeners.push(listener),
  };
  watchSealConfigs(store, createLog({ level: "info", format: "standard", write: (line) => lines.push(line) }));
  for (const listener of listeners) listener();
  asked.reject(error);
  await new Promise(setImmediate);
  return lines;
}

it("that seal configurations were not checked is not said of a store that was sealed or stopped meanwhile", async () => {
  expect(await logged(true, new StorageError("STORAGE_CLOSED", "the storage is closed"))).toEqual([]);
});

it("that seal configurations were not checked is said of an open store", async () => {
  const lines = await logged(false, new CoreError("ENTRY_CORRUPT", "the entry core/seal-config is damaged"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("core/seal-config is damaged");
});
