// SPDX-License-Identifier: Apache-2.0
/** A server from its configuration: storage and seal opened, the application composed, the listeners open. */
import type { AutoUnsealer, SealedStore } from "@sealwright/core";
import { openAudit } from "../audit/audit.ts";
import { CEREMONIES, compose, DISPATCH, type Dispatch, SWEEPER, UNSEALER } from "../compose.ts";
import type { ListenerConfig, SealConfig, ServerConfig } from "../config/index.ts";
import { withOpenMetrics } from "../endpoints/metrics.ts";
import type { Operation } from "../http/api.ts";
import { createApp } from "../http/app.ts";
import { withoutFamilies } from "../http/families.ts";
import { ServerMetrics } from "../metrics/server-metrics.ts";
import type { ReloadedSeals, ServerSeals } from "../seals/server-seals.ts";
import { leaseLimits } from "../tokens/ttl.ts";
import { type Listening, listen } from "./listen.ts";
import type { Log } from "./log.ts";
import { tellOpenFamilies, watchRecoveryKeys, watchSealConfigs, watchSeveralSeals } from "./notices.ts";
import { openStore } from "./open-store.ts";
import { requireFitting, startState } from "./start-state.ts";

const RATE_WINDOW_MS = 10_000;
/** Enough for 255 holders at once, and no help to a guesser of 256-bit shares; it is the storage that it spares. */
const RATE_REQUESTS = 600;
const RATE_PATHS = [
  "init",
  "unseal",
  "rekey/update",
  "rekey/verify",
  "rekey-recovery-key/update",
  "rekey-recovery-key/verify",
  "rotate/root/update",
  "rotate/root/verify",
  "rotate/recovery/update",
  "rotate/recovery/verify",
  "generate-root/update",
  "generate-root-token/update",
  "seal-config/confirm/update",
  "seals/shares/update",
  "seals/recovery-keys/update",
].map((path) => `/v1/sys/${path}`);
const CLOSE_GRACE_MS = 5_000;
const UNCHANGED: ReloadedSeals = { added: [], changed: [], removed: [] };

/** A server that listens. */
export interface RunningServer {
  /** The listeners' addresses, in order of their blocks. */
  readonly urls: readonly string[];
  readonly store: SealedStore;
  readonly unsealer: AutoUnsealer;
  readonly seals: ServerSeals;
  /** Answers a request as the listeners would, without a socket. */
  readonly dispatch: Dispatch;
  /** Makes the seals of the configuration as it is now the configured ones. Rejects as `ServerSeals.reload` does. */
  reloadSeals(): Promise<ReloadedSeals>;
  /** Reads certificates and opens the audit file again. Rejects where either fails; what was in use stays in use. */
  reload(): Promise<void>;
  /** Closes the listeners, seals, and closes storage and seal. */
  stop(): Promise<void>;
}

function appFor(config: ListenerConfig, dispatch: Dispatch, metrics: Operation, log: Log) {
  const served = withoutFamilies(dispatch, config);
  return createApp({
    dispatch: config.telemetry.unauthenticated_metrics_access ? withOpenMetrics(served, metrics) : served,
    maxRequestSize: config.max_request_size,
    maxRequestDuration: config.max_request_duration,
    jsonLimits: { strings: config.max_request_json_strings, memory: config.max_request_json_memory },
    requireRequestHeader: config.require_request_header,
    rateLimits: { windowMilliseconds: RATE_WINDOW_MS, requests: RATE_REQUESTS, paths: RATE_PATHS },
    onFailure: (error, { method, path }) => {
      log.error("request failed", { method, path, error: error instanceof Error ? error.message : String(error) });
    },
  });
}

async function openListeners(
  config: ServerConfig,
  dispatch: Dispatch,
  metrics: Operation,
  log: Log,
): Promise<Listening[]> {
  const open: Listening[] = [];
  const refused = (error: Error): void => log.error("a connection was not accepted", { error: error.message });
  try {
    for (const listener of config.listener) {
      open.push(await listen(listener, appFor(listener, dispatch, metrics, log), refused));
    }
    return open;
  } catch (error) {
    await Promise.all(open.map((each) => each.close(0)));
    throw error;
  }
}

/** What is damaged, or does not fit together, keeps nobody from looking at it: the server starts sealed and says so. */
async function tellDamage(store: SealedStore, log: Log): Promise<void> {
  const { state, reason } = await startState({ store });
  if (state === "damaged" && !store.autoSealed) log.error(reason);
}

/** How a server is started besides its configuration. */
export interface StartOptions {
  /** Called before anything listens. */
  readonly beforeListening?: ((store: SealedStore) => Promise<void>) | undefined;
  /** Reads the `seal` blocks anew; where it is left out there is nothing to read them from. */
  readonly readSeals?: (() => readonly SealConfig[]) | undefined;
}

/**
 * Starts a server and leaves it sealed, unless `beforeListening` unseals it: what that throws, and a port that is taken,
 * keep the server from starting. Throws `StartupError`, `ConfigError`, `StorageError`, `SealError`,
 * `AuditError` or `CoreError`, and leaves nothing open, when it can't.
 */
export async function startServer(
  config: ServerConfig,
  env: NodeJS.ProcessEnv,
  log: Log,
  { beforeListening, readSeals }: StartOptions = {},
): Promise<RunningServer> {
  const metrics = new ServerMetrics(config.telemetry);
  const { store, seals } = await openStore(config, env, log, metrics);
  const releases: (() => Promise<void> | void)[] = [() => seals.stop(), () => store.close()];
  try {
    await requireFitting(
      store,
      seals.failed.map(({ block }) => block.name),
    );
    await tellDamage(store, log);
    const audit = await openAudit(config.audit, { store, log });
    releases.push(() => audit.close());
    const reloadSeals =
      readSeals &&
      (async () => {
        const reloaded = await seals.reload(readSeals());
        // What was refused for good may be right now.
        if ((await startState({ store })).state === "waiting for a seal") void scope.resolve(UNSEALER).run();
        return reloaded;
      });
    const scope = compose({
      store,
      seals,
      reloadSeals,
      recoveryKeysUnseal: config.recovery_keys_unseal,
      log,
      audit,
      metrics,
      leases: leaseLimits(config),
      ceremonyTimeout: config.ceremony_timeout,
    });
    const dispatch = scope.resolve(DISPATCH);
    const ceremonies = scope.resolve(CEREMONIES);
    ceremonies.watch();
    watchSealConfigs(store, log);
    watchRecoveryKeys(store, config.recovery_keys_unseal, log);
    watchSeveralSeals(store, log);
    const unsealer = scope.resolve(UNSEALER);
    await beforeListening?.(store);
    const listeners = await openListeners(config, dispatch, metrics.read, log);
    for (const [index, { url }] of listeners.entries()) {
      const listener = config.listener[index];
      if (listener !== undefined) tellOpenFamilies(listener, url, log);
    }
    const sweeper = scope.resolve(SWEEPER);
    sweeper.start();
    return {
      urls: listeners.map((each) => each.url),
      store,
      unsealer,
      seals,
      dispatch,
      reloadSeals: async () => (await reloadSeals?.()) ?? UNCHANGED,
      reload: async () => {
        try {
          for (const each of listeners) each.reload();
        } finally {
          await audit.reopen();
        }
      },
      stop: async () => {
        unsealer.stop();
        seals.stop();
        await Promise.all(listeners.map((each) => each.close(CLOSE_GRACE_MS)));
        ceremonies.dispose();
        await sweeper.stop();
        await store.close().finally(() => audit.close());
        await scope.dispose();
      },
    };
  } catch (error) {
    for (const release of releases) await release();
    throw error;
  }
}
