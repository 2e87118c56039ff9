// SPDX-License-Identifier: Apache-2.0
import { SealedStore, sealLayer } from "@sealwright/core";
import type { ServerConfig } from "../config/index.ts";
import { addSealGauges } from "../metrics/seal-gauges.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import { attachable, type ConfiguredSeal, closeSeals, openSeals } from "../seals/configured-seals.ts";
import { loadSharesPlugin, sealRegistry } from "../seals/registry.ts";
import { ServerSeals } from "../seals/server-seals.ts";
import type { Log } from "./log.ts";
import { openStorage } from "./open-storage.ts";
import { startupSentence } from "./startup-error.ts";

/** The configured store, sealed, and its seals. */
export interface OpenedStore {
  readonly store: SealedStore;
  readonly seals: ServerSeals;
}

/** The variable that raises the time for saves of the count: what set it now, since `BAO_…` hides `VAULT_…`. */
function timeoutVariable({ origins }: ServerConfig): string {
  const origin = origins.get("encryption_count_persist_timeout");
  return origin?.from === "variable" ? origin.name : "VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
}

function enabledTypes(seals: readonly ConfiguredSeal[]): string {
  const types = seals.filter(({ block }) => !block.disabled).map(({ block }) => block.type);
  return [...new Set(types)].join(" or ");
}

function tellFailures(seals: readonly ConfiguredSeal[], log: Log): void {
  for (const { block, failure } of seals) {
    if (failure === undefined) continue;
    log.error(`the ${block.type} seal "${block.name}" is left out: ${startupSentence(failure)}`, {
      code: failure.code,
    });
  }
}

/** Beyond the longest `call_deadline`, so that it is the call's own deadline that ends it, and is named. */
const AFTER_CALLS_MS = 1_000;

function sealDeadline({ seal }: ServerConfig): number {
  return Math.max(...seal.map(({ call_deadline }) => call_deadline)) + AFTER_CALLS_MS;
}

/** Opens storage and seals together. Throws `StartupError`, `StorageError` or `SealError`, and leaves nothing open. */
export async function openStore(
  config: ServerConfig,
  env: NodeJS.ProcessEnv,
  log: Log,
  metrics: ServerMetrics,
): Promise<OpenedStore> {
  const shares = await loadSharesPlugin();
  const host = {
    registry: sealRegistry(config.plugin),
    env,
    log: (level: "debug" | "info" | "warn", message: string) => log[level](message),
    measurements: metrics.measurements,
  };
  const opening = openSeals(config.seal, host);
  // The storage opens meanwhile; if that fails, the seals' own failure must not go unhandled.
  opening.catch(() => undefined);
  const storage = await openStorage(config.storage).catch(async (error: unknown) => {
    await opening.then(closeSeals, () => undefined);
    throw error;
  });
  try {
    const opened = await opening;
    tellFailures(opened, log);
    const store = new SealedStore({
      storage,
      shares,
      seals: opened.flatMap((seal) => attachable(seal) ?? []),
      ...(config.disable_sealwrap ? {} : { layer: sealLayer }),
      observer: metrics.observer({ log, sealType: enabledTypes(opened), timeoutVariable: timeoutVariable(config) }),
      countSaveTimeoutMilliseconds: config.encryption_count_persist_timeout,
      upkeepIntervalMilliseconds: config.encryption_count_persist_interval,
      sealDeadlineMilliseconds: sealDeadline(config),
    });
    metrics.show(store);
    const intervals = { healthy: config.seal_probe_interval, unhealthy: config.seal_probe_unhealthy_interval };
    const seals = new ServerSeals(opened, { ...host, store, serverLog: log, intervals });
    addSealGauges(metrics.measurements, () => seals.all);
    return { store, seals };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
