// SPDX-License-Identifier: Apache-2.0
import { type Change, checkPath } from "@sealwright/core";

/** What a batch comes to: for each path its new bytes, or undefined where it is deleted. */
export type Changes = ReadonlyMap<string, Uint8Array | undefined>;

/**
 * Checks every path of a batch (`STORAGE_PATH`) and copies its values, so that the caller may go on using its bytes.
 * Since a batch is one step, only the last change of each path is left.
 */
export function copyBatch(batch: readonly Change[]): Changes {
  const changes = new Map<string, Uint8Array | undefined>();
  for (const change of batch) {
    checkPath(change.path);
    changes.set(change.path, change.op === "put" ? new Uint8Array(change.value) : undefined);
  }
  return changes;
}
