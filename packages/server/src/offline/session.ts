// SPDX-License-Identifier: Apache-2.0
/** A storage without a server: held by this process, with its configured seal, and audited. */
import { existsSync } from "node:fs";
import {
  type AttachedSeal,
  CoreError,
  isInitialized,
  readSealConfig,
  type SealConfig,
  type Storage,
} from "@sealwright/core";
import type { SharesSealPlugin } from "@sealwright/seal";
import { loadConfig, type ServerConfig } from "../config/index.ts";
import { Measurements } from "../metrics/measurements.ts";
import type { Log } from "../runtime/log.ts";
import { openStorage } from "../runtime/open-storage.ts";
import { StartupError } from "../runtime/startup-error.ts";
import { attachable, closeSeals, openSeals } from "../seals/configured-seals.ts";
import { loadSharesPlugin, sealRegistry } from "../seals/registry.ts";
import { OfflineAudit, type OfflineCommand } from "./offline-audit.ts";
import type { ShareSource } from "./shares.ts";

/** What an offline command is given. */
export interface OfflineOptions {
  readonly configPaths: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly shares: ShareSource;
  readonly log: Log;
}

/** What an offline command works with. Still locked. */
export interface OfflineSession {
  readonly storage: Storage;
  readonly sealConfig: SealConfig;
  /** The configured auto seals; none where people unseal by shares. */
  readonly seals: readonly AttachedSeal[];
  readonly plugin: SharesSealPlugin;
  readonly shares: ShareSource;
  readonly audit: OfflineAudit;
}

/** What a command answers, and what of it the audit line shows. */
export interface OfflineResult<T> {
  readonly answer: T;
  readonly shown: object;
}

/** Opening a storage makes its folder; looking into one must not. Throws `StartupError` where there is none. */
export function requireExisting(storage: ServerConfig["storage"]): void {
  if (storage.path === undefined) {
    throw new StartupError('storage "inmem" is gone with its server: there is nothing to open offline');
  }
  if (!existsSync(storage.path)) {
    throw new StartupError(`there is no storage at ${storage.path}: check the path and the working directory`);
  }
}

/** Those of the configured seals that can be opened; none where people unseal the storage. Throws where that does not fit. */
async function configuredSeals(config: ServerConfig, options: OfflineOptions, stored: string, people: string) {
  const { env, log } = options;
  const opened = await openSeals(config.seal, {
    registry: sealRegistry(config.plugin),
    env,
    log: (level, message) => log[level](message),
    measurements: new Measurements(),
  });
  const seals = opened.flatMap((seal) => attachable(seal) ?? []);
  if (stored !== people && seals.length > 0) return seals;
  await closeSeals(opened);
  // A disabled seal may still stand there, the old one of a migration to shares.
  if (stored === people && seals.every(({ state }) => state === "disabled")) return [];
  const configured = seals.map(({ seal }) => seal.type).join(" and ") || people;
  throw new StartupError(`this storage was initialised with a ${stored} seal, and the configuration has ${configured}`);
}

async function withSeal<T>(
  config: ServerConfig,
  options: OfflineOptions,
  held: Pick<OfflineSession, "storage" | "audit">,
  work: (session: OfflineSession) => Promise<T>,
): Promise<T> {
  const { storage } = held;
  if (!(await isInitialized(storage))) throw new CoreError("NOT_INITIALIZED", "the storage is not initialised");
  const sealConfig = await readSealConfig(storage);
  if (sealConfig === undefined) throw new CoreError("STORAGE_INCOMPLETE", "the storage has no seal configuration");
  const plugin = await loadSharesPlugin();
  const seals = await configuredSeals(config, options, sealConfig.type, plugin.type);
  try {
    return await work({ ...held, sealConfig, seals, plugin, shares: options.shares });
  } finally {
    await Promise.all(seals.map(({ seal }) => seal.close()));
  }
}

async function audited<T>(audit: OfflineAudit, work: () => Promise<OfflineResult<T>>): Promise<T> {
  let result: OfflineResult<T>;
  try {
    result = await work();
  } catch (error) {
    await audit.end({ error });
    throw error;
  }
  await audit.end({ data: result.shown });
  return result.answer;
}

/**
 * Runs `work` on the storage that a configuration names, and closes everything. Throws `STORAGE_LOCKED` while a server
 * holds it, `AuditError` where the command cannot be audited, and what start-up throws.
 */
export async function inOfflineSession<T>(
  options: OfflineOptions,
  command: OfflineCommand,
  work: (session: OfflineSession) => Promise<OfflineResult<T>>,
): Promise<T> {
  const { config } = loadConfig(options.configPaths, options.env);
  requireExisting(config.storage);
  const storage = await openStorage(config.storage);
  try {
    const audit = await OfflineAudit.begin(config.audit, options.log, command);
    return await audited(audit, () => withSeal(config, options, { storage, audit }, work));
  } finally {
    await storage.close();
  }
}
