// SPDX-License-Identifier: Apache-2.0
/** Initialisation: the seals prove themselves, then one batch writes everything or nothing. */
import { randomBytes } from "node:crypto";
import { KEY_BYTES } from "@sealwright/seal";
import { newCluster, serializeCluster } from "../cluster.ts";
import { createKeyring } from "../commit.ts";
import { newKeyring } from "../keyring.ts";
import { CLUSTER, SEAL_CONFIG } from "../paths.ts";
import { serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { recordOfShares } from "../seals/seal-record.ts";
import { type SealView, viewOf } from "../seals/seal-view.ts";
import { bySeals } from "./by-seals.ts";
import { byShares } from "./by-shares.ts";
import type { InitDeps, InitRequest, InitShares, NewKeys, SealPart } from "./request.ts";

/**
 * Initialises an empty storage. Throws `INVALID_REQUEST` or `WEAKER_SEAL` for what does not fit the seals, and passes on
 * what the seals, the storage or `beforeCommit` reject with; the storage is then as empty as it was, and the shares are
 * wiped.
 */
export async function initialize(deps: InitDeps, request: InitRequest): Promise<InitShares> {
  const { storage, seals, shares: plugin, layerFor, now } = deps;
  const keyring = newKeyring(now.toISOString());
  const keys: NewKeys = {
    rootKey: keyring.rootKey,
    peoples: randomBytes(KEY_BYTES),
    breakGlass: randomBytes(KEY_BYTES),
  };
  const commit = async (part: SealPart, view: SealView): Promise<void> => {
    try {
      const more = (await request.beforeCommit?.(part.shares)) ?? [];
      const plain = [
        ...part.plain,
        { op: "put" as const, path: CLUSTER, value: serializeCluster(newCluster()) },
        sealConfigCopy(part.config, part.recoveryConfig),
        ...more,
      ];
      const config = { op: "put" as const, path: SEAL_CONFIG, value: serializeSealConfig(part.config) };
      await createKeyring(storage, keyring, { plain, raw: [config, ...part.raw] }, layerFor(view));
    } catch (error) {
      for (const share of [...part.shares.unseal, ...part.shares.recovery]) share.fill(0);
      throw error;
    }
  };
  try {
    if (seals.first !== undefined) return await bySeals(deps, seals.first, request, keys, commit);
    const part = await byShares(plugin, request, keys);
    await commit(part, viewOf(recordOfShares(plugin), seals, new Map()));
    return part.shares;
  } finally {
    keys.peoples.fill(0);
    keys.breakGlass.fill(0);
  }
}
