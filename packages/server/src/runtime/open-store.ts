// SPDX-License-Identifier: Apache-2.0
import { SealedStore, sealLayer, soleSeal } from "@sealwright/core";
import type { ServerConfig } from "../config/index.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import { timedSeal } from "../metrics/timed-seal.ts";
import { probeAfterUnseal } from "../seals/first-probe.ts";
import { type OpenedSeal, openSeal } from "../seals/open-seal.ts";
import { loadSharesPlugin, sealRegistry } from "../seals/registry.ts";
import type { Log } from "./log.ts";
import { openStorage } from "./open-storage.ts";
import { StartupError } from "./startup-error.ts";

/** The configured store, sealed. */
export interface OpenedStore {
  readonly store: SealedStore;
  /** Of the enabled seal. */
  readonly type: string;
  readonly settings: OpenedSeal["settings"];
}

/** The variable that raises the time for saves of the count: what set it now, since `BAO_…` hides `VAULT_…`. */
function timeoutVariable({ origins }: ServerConfig): string {
  const origin = origins.get("encryption_count_persist_timeout");
  return origin?.from === "variable" ? origin.name : "VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
}

/** Opens storage and seal together. Throws `StartupError`, `StorageError` or `SealError`, and leaves nothing open. */
export async function openStore(
  config: ServerConfig,
  env: NodeJS.ProcessEnv,
  log: Log,
  metrics: ServerMetrics,
): Promise<OpenedStore> {
  const block = config.seal.find((each) => !each.disabled);
  if (block === undefined) throw new StartupError("no seal is enabled");
  const shares = await loadSharesPlugin();
  const opening = openSeal(block, {
    registry: sealRegistry(config.plugin),
    env,
    log: (level, message) => log[level](message),
  });
  // The storage opens meanwhile; if that fails, the seal's own failure must not go unhandled.
  opening.catch(() => undefined);
  const storage = await openStorage(config.storage).catch(async (error: unknown) => {
    await opening.then(
      ({ seal }) => seal?.close(),
      () => undefined,
    );
    throw error;
  });
  try {
    const { seal, settings } = await opening;
    const store = new SealedStore({
      storage,
      shares,
      seals: seal === undefined ? [] : soleSeal(timedSeal(seal, metrics.measurements)),
      ...(config.disable_sealwrap ? {} : { layer: sealLayer }),
      observer: metrics.observer({ log, sealType: block.type, timeoutVariable: timeoutVariable(config) }),
      countSaveTimeoutMilliseconds: config.encryption_count_persist_timeout,
      upkeepIntervalMilliseconds: config.encryption_count_persist_interval,
    });
    metrics.show(store);
    if (store.autoSealed) probeAfterUnseal(store, log);
    return { store, type: block.type, settings };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
