// SPDX-License-Identifier: Apache-2.0
/** A storage without a server: opened in memory by its seal or by shares, read, and given a new key term. */
import { existsSync } from "node:fs";
import {
  type Barrier,
  CoreError,
  checkShare,
  isForeign,
  isInitialized,
  type KeyStatus,
  lockAndSave,
  numbersOf,
  openBySeal,
  openByShares,
  readSealConfig,
  rotateKeyring,
  type Storage,
  unwrappedKeyring,
} from "@sealwright/core";
import type { Seal, ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import { loadConfig, type ServerConfig } from "../config/index.ts";
import { decodeShare } from "../endpoints/share-text.ts";
import type { Log } from "../runtime/log.ts";
import { openStorage } from "../runtime/open-storage.ts";
import { StartupError } from "../runtime/startup-error.ts";
import { openSeal } from "../seals/open-seal.ts";
import { loadSharesPlugin } from "../seals/registry.ts";
import { listAll, readEntry } from "./entries.ts";

const SAVE_LIMITS = { timeoutMilliseconds: 10_000, clock: () => performance.now() };

/** Gives the next share as text, hex or base64; asked until there are enough. */
export type ShareSource = (given: number, threshold: number) => Promise<string>;

export interface OfflineOptions {
  readonly configPaths: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly shares: ShareSource;
  readonly log: Log;
}

/** A storage that this process holds and that no server serves meanwhile. */
export interface OfflineStore {
  /** Whether OpenBao or Vault wrote it. */
  readonly foreign: boolean;
  /** Every path below `prefix` (empty, or ending in `/`), in order. */
  list(prefix: string): AsyncIterable<string>;
  /** What stands at `path`, decrypted by whatever protects it; undefined where there is nothing. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Adds a data key, in one batch. */
  rotate(): Promise<KeyStatus>;
  close(): Promise<void>;
}

/** Opening a storage makes its folder; looking into one must not. */
function requireExisting(storage: ServerConfig["storage"]): void {
  if (storage.path === undefined) {
    throw new StartupError('storage "inmem" is gone with its server: there is nothing to open offline');
  }
  if (!existsSync(storage.path)) {
    throw new StartupError(`there is no storage at ${storage.path}: check the path and the working directory`);
  }
}

/** The configured seal opened, or undefined where it is one of shares. */
async function configuredSeal(config: ServerConfig, options: OfflineOptions, stored: string) {
  const block = config.seal.find((each) => !each.disabled);
  if (block === undefined) throw new StartupError("no seal is enabled");
  if (block.type !== stored) {
    throw new StartupError(
      `this storage was initialised with a ${stored} seal, and the configuration has ${block.type}`,
    );
  }
  return (await openSeal(block, options.env, (level, message) => options.log[level](message))).seal;
}

async function collectShares(source: ShareSource, numbers: ShareNumbers): Promise<Uint8Array[]> {
  const shares: Buffer[] = [];
  while (shares.length < numbers.threshold) {
    const share = decodeShare(await source(shares.length, numbers.threshold));
    checkShare(share, numbers);
    if (shares.some((each) => each.equals(share))) {
      throw new CoreError("INVALID_SHARE", "the same share was given twice: give each share once");
    }
    shares.push(share);
  }
  return shares;
}

async function unlock(
  storage: Storage,
  seal: Seal | undefined,
  plugin: SharesSealPlugin,
  numbers: ShareNumbers,
  source: ShareSource,
): Promise<Barrier> {
  if (seal !== undefined) return openBySeal(storage, seal);
  const shares = await collectShares(source, numbers);
  try {
    return await openByShares(storage, plugin, shares);
  } finally {
    for (const share of shares) share.fill(0);
  }
}

async function openWith(config: ServerConfig, options: OfflineOptions, storage: Storage): Promise<OfflineStore> {
  if (!(await isInitialized(storage))) throw new CoreError("NOT_INITIALIZED", "the storage is not initialised");
  const sealConfig = await readSealConfig(storage);
  if (sealConfig === undefined) throw new CoreError("STORAGE_INCOMPLETE", "the storage has no seal configuration");
  const seal = await configuredSeal(config, options, sealConfig.type);
  const close = async (): Promise<void> => {
    await seal?.close();
    await storage.close();
  };
  try {
    const plugin = await loadSharesPlugin();
    const barrier = await unlock(storage, seal, plugin, numbersOf(sealConfig), options.shares);
    const home = { barrier, wrapKeyring: unwrappedKeyring };
    // A storage that was only read is left as it was.
    let rotated = false;
    return {
      foreign: await isForeign(storage),
      list: (prefix) => listAll(storage, prefix),
      read: (path) => readEntry({ storage, barrier, seal, plugin }, path),
      rotate: async () => {
        await rotateKeyring(home, new Date().toISOString());
        rotated = true;
        return barrier.keyStatus;
      },
      close: async () => {
        if (rotated) await lockAndSave(home, storage, SAVE_LIMITS);
        else barrier.lock();
        await close();
      },
    };
  } catch (error) {
    await seal?.close();
    throw error;
  }
}

/**
 * Opens the storage that a configuration names. Throws `STORAGE_LOCKED` while a server holds it, and what start-up and
 * unsealing throw; nothing is written and nothing stays open then.
 */
export async function openOffline(options: OfflineOptions): Promise<OfflineStore> {
  const { config } = loadConfig(options.configPaths, options.env);
  requireExisting(config.storage);
  const storage = await openStorage(config.storage);
  try {
    return await openWith(config, options, storage);
  } catch (error) {
    await storage.close();
    throw error;
  }
}
