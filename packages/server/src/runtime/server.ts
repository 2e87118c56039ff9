// SPDX-License-Identifier: Apache-2.0
/** A server from its configuration: storage and seal opened, the application composed, the listeners open. */
import { type AutoUnsealer, SealedStore, type StoreStatus } from "@sealwright/core";
import { compose, DISPATCH, type Dispatch, SWEEPER, UNSEALER } from "../compose.ts";
import type { ListenerConfig, ServerConfig } from "../config/index.ts";
import { createApp } from "../http/app.ts";
import { type OpenedSeal, openSeal } from "../seals/open-seal.ts";
import { loadSharesPlugin } from "../seals/registry.ts";
import { leaseLimits } from "../tokens/ttl.ts";
import { type Listening, listen } from "./listen.ts";
import type { Log } from "./log.ts";
import { openStorage } from "./open-storage.ts";
import { StartupError } from "./startup-error.ts";

const RATE_WINDOW_MS = 10_000;
/** Enough for 255 holders at once, and no help to a guesser of 256-bit shares; it is the storage that it spares. */
const RATE_REQUESTS = 600;
const RATE_PATHS = ["/v1/sys/init", "/v1/sys/unseal"];
const CLOSE_GRACE_MS = 5_000;

export interface RunningServer {
  /** The listeners' addresses, in order of their blocks. */
  readonly urls: readonly string[];
  readonly store: SealedStore;
  readonly unsealer: AutoUnsealer | undefined;
  /** The enabled seal's type and settings, secrets masked. */
  readonly seal: { readonly type: string; readonly settings: OpenedSeal["settings"] };
  /** Answers a request as the listeners would, without a socket. */
  readonly dispatch: Dispatch;
  /** Reads certificates again. */
  reload(): void;
  /** Closes the listeners, seals, and closes storage and seal. */
  stop(): Promise<void>;
}

function appFor(config: ListenerConfig, dispatch: Dispatch, log: Log) {
  return createApp({
    dispatch,
    maxRequestSize: config.max_request_size,
    maxRequestDuration: config.max_request_duration,
    maxJsonStrings: config.max_request_json_strings,
    requireRequestHeader: config.require_request_header,
    rateLimits: { windowMilliseconds: RATE_WINDOW_MS, requests: RATE_REQUESTS, paths: RATE_PATHS },
    onFailure: (error, { method, path }) => {
      log.error("request failed", { method, path, error: error instanceof Error ? error.message : String(error) });
    },
  });
}

async function openListeners(config: ServerConfig, dispatch: Dispatch, log: Log): Promise<Listening[]> {
  const open: Listening[] = [];
  try {
    for (const listener of config.listener) open.push(await listen(listener, appFor(listener, dispatch, log)));
    return open;
  } catch (error) {
    await Promise.all(open.map((each) => each.close(0)));
    throw error;
  }
}

function checkType(status: StoreStatus, configured: string): void {
  if (!status.initialized || status.type === configured) return;
  throw new StartupError(
    `this storage was initialised with a ${status.type} seal, and the configuration has a ${configured} seal: ` +
      `configure seal "${status.type}", or another storage`,
  );
}

async function openStore(config: ServerConfig, env: NodeJS.ProcessEnv, log: Log) {
  const block = config.seal.find((each) => !each.disabled);
  if (block === undefined) throw new StartupError("no seal is enabled");
  const shares = await loadSharesPlugin();
  const opening = openSeal(block, env, (level, message) => log[level](message));
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
    const store = new SealedStore({ storage, shares, ...(seal === undefined ? {} : { seal }) });
    return { store, block, settings };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/**
 * Starts a server and leaves it sealed. Throws `StartupError`, `ConfigError`, `StorageError`, `SealError` or
 * `CoreError`, and leaves nothing open, when it can't.
 */
export async function startServer(config: ServerConfig, env: NodeJS.ProcessEnv, log: Log): Promise<RunningServer> {
  const { store, block, settings } = await openStore(config, env, log);
  try {
    checkType(await store.status(), block.type);
    const scope = compose({ store, log, leases: leaseLimits(config) });
    const dispatch = scope.resolve(DISPATCH);
    const unsealer = store.autoSealed ? scope.resolve(UNSEALER) : undefined;
    const listeners = await openListeners(config, dispatch, log);
    const sweeper = scope.resolve(SWEEPER);
    sweeper.start();
    return {
      urls: listeners.map((each) => each.url),
      store,
      unsealer,
      seal: { type: block.type, settings },
      dispatch,
      reload: () => {
        for (const each of listeners) each.reload();
      },
      stop: async () => {
        unsealer?.stop();
        await Promise.all(listeners.map((each) => each.close(CLOSE_GRACE_MS)));
        await sweeper.stop();
        await store.close();
        await scope.dispose();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
