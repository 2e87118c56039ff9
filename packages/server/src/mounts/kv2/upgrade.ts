// SPDX-License-Identifier: Apache-2.0
/** From version 1 to version 2: every entry becomes version 1 of its key. */
import type { Barrier, PlainChange } from "@sealwright/core";
import { kv1Prefix } from "../kv1.ts";
import { entriesBelow } from "../walk.ts";
import { addVersion, DEFAULT_CONFIG, newKey } from "./key-metadata.ts";
import { metadataEntry, metadataPrefix, versionPath } from "./key-store.ts";

async function convert(barrier: Barrier, prefix: string, entry: string): Promise<PlainChange[]> {
  const value = await barrier.get(entry);
  if (value === undefined) return [];
  const now = new Date();
  const { key } = addVersion(newKey(now), DEFAULT_CONFIG, now);
  return [
    metadataEntry(metadataPrefix(prefix) + entry.slice(kv1Prefix(prefix).length), key),
    { op: "put", path: versionPath(prefix, key.id, key.currentVersion), value },
    { op: "delete", path: entry },
  ];
}

/**
 * Moves the entries of the mount whose data begins at `prefix`, each in one batch with its removal: what a kill leaves
 * over is moved by the next call. Nobody else may use the mount meanwhile.
 */
export async function upgradeEntries(barrier: Barrier, prefix: string): Promise<void> {
  for await (const entries of entriesBelow(barrier, kv1Prefix(prefix))) {
    const changes: PlainChange[] = [];
    for (const entry of entries) changes.push(...(await convert(barrier, prefix, entry)));
    await barrier.write(changes);
  }
}
