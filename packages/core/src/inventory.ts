// SPDX-License-Identifier: Apache-2.0
/** What a storage holds, seen without any key. */
import { CoreError } from "./errors.ts";
import { KEYRING, OURS, RECOVERY_CONFIG, SEAL_CONFIG, STORED_KEYS } from "./paths.ts";
import { parseSealConfig, type SealConfig } from "./seal-config.ts";
import type { Storage } from "./storage.ts";

const PARTS = [KEYRING, SEAL_CONFIG, STORED_KEYS] as const;

/**
 * Whether the storage is initialised: any of keyring, seal configuration and sealed root key is there. Throws
 * `STORAGE_INCOMPLETE`, naming what is missing, when some are there and others are not.
 */
export async function isInitialized(storage: Storage): Promise<boolean> {
  const present = await Promise.all(PARTS.map(async (path) => (await storage.get(path)) !== undefined));
  const missing = PARTS.filter((_, index) => !present[index]);
  if (missing.length === PARTS.length) return false;
  if (missing.length === 0) return true;
  throw new CoreError(
    "STORAGE_INCOMPLETE",
    `the storage was initialised, but ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`,
  );
}

/** Whether somebody else wrote this storage: nothing of ours is in it. Ask only where `isInitialized`. */
export async function isForeign(storage: Storage): Promise<boolean> {
  return (await storage.list(OURS)).length === 0;
}

async function readConfig(storage: Storage, path: string): Promise<SealConfig | undefined> {
  const bytes = await storage.get(path);
  return bytes === undefined ? undefined : parseSealConfig(path, bytes);
}

/** `core/seal-config`, or undefined before initialisation. */
export function readSealConfig(storage: Storage): Promise<SealConfig | undefined> {
  return readConfig(storage, SEAL_CONFIG);
}

/** `core/recovery-config`, or undefined where the seal is one of shares. */
export function readRecoveryConfig(storage: Storage): Promise<SealConfig | undefined> {
  return readConfig(storage, RECOVERY_CONFIG);
}
