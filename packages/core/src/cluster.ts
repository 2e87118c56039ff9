// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";
import type { Barrier } from "./barrier.ts";
import { CoreError } from "./errors.ts";
import { CLUSTER } from "./paths.ts";

/** What a storage calls itself, in Vault's own entry, so that it stays the same when the storage moves. */
export interface Cluster {
  readonly name: string;
  /** A UUID. */
  readonly id: string;
}

const schema = z.object({ name: z.string(), id: z.string() });

/** A new cluster's name and id. */
export function newCluster(): Cluster {
  return { name: `sealwright-cluster-${randomBytes(4).toString("hex")}`, id: randomUUID() };
}

/** The entry's plaintext. */
export function serializeCluster(cluster: Cluster): Buffer {
  return Buffer.from(JSON.stringify(cluster));
}

/** The cluster of an unsealed storage; undefined where it has none. Throws `ENTRY_CORRUPT`. */
export async function readCluster(barrier: Barrier): Promise<Cluster | undefined> {
  const bytes = await barrier.get(CLUSTER);
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new CoreError("ENTRY_CORRUPT", `${CLUSTER} decrypts, but its content names no cluster`, { cause });
  }
}
