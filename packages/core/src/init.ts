// SPDX-License-Identifier: Apache-2.0
/** Initialisation: the seal proves itself, then one batch writes everything or nothing. */
import { randomBytes } from "node:crypto";
import { KEY_BYTES, type Seal, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import { Barrier, type PlainChange } from "./barrier.ts";
import { newCluster, serializeCluster } from "./cluster.ts";
import { commitKeyring } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { newKeyring } from "./keyring.ts";
import {
  CLUSTER,
  RECOVERY_CONFIG,
  RECOVERY_KEY,
  SEAL_CONFIG,
  SEAL_CONFIG_COPY,
  SHAMIR_KEK,
  STORED_KEYS,
} from "./paths.ts";
import { checkNumbers, type SealConfig, sealConfig, serializeSealConfig } from "./seal-config.ts";
import type { Change, Storage } from "./storage.ts";
import { proveSeal, sealRecoveryKey, sealRootKey } from "./stored-keys.ts";

/** The shares that people get. Each is 33 bytes, or 32 where there is one only. The receiver wipes them. */
export interface InitShares {
  readonly unseal: readonly Uint8Array[];
  readonly recovery: readonly Uint8Array[];
}

export interface InitRequest {
  /** For a seal of shares: how its key is split. */
  readonly unseal?: ShareNumbers;
  /** For an auto seal: how the recovery key is split; absent means that there is none. */
  readonly recovery?: ShareNumbers;
  readonly signal?: AbortSignal;
  /**
   * Called with the shares before anything is stored. What it answers is encrypted and written in the same batch; what
   * it throws leaves the storage uninitialised.
   */
  readonly beforeCommit?: (shares: InitShares) => Promise<readonly PlainChange[]>;
}

/** What a kind of seal adds to the batch, and what it hands out. */
interface SealPart {
  readonly shares: InitShares;
  readonly seal: Seal;
  readonly config: SealConfig;
  readonly recoveryConfig?: SealConfig;
  readonly plain: readonly PlainChange[];
  readonly raw: readonly Change[];
  wipe(): void;
}

async function sharesPart(plugin: SharesSealPlugin, request: InitRequest): Promise<SealPart> {
  if (request.recovery !== undefined) {
    throw new CoreError("INVALID_REQUEST", `a ${plugin.type} seal has no recovery key: ask for unseal shares only`);
  }
  const numbers = request.unseal ?? { shares: 0, threshold: 0 };
  checkNumbers(numbers);
  const key = randomBytes(KEY_BYTES);
  const seal = plugin.open(key);
  return {
    seal,
    shares: { unseal: await plugin.split(key, numbers), recovery: [] },
    config: sealConfig(plugin.type, numbers),
    plain: [{ op: "put", path: SHAMIR_KEK, value: key }],
    raw: [],
    wipe: () => {
      key.fill(0);
      void seal.close();
    },
  };
}

async function autoPart(seal: Seal, plugin: SharesSealPlugin, request: InitRequest): Promise<SealPart> {
  if (request.unseal !== undefined) {
    throw new CoreError("INVALID_REQUEST", `a ${seal.type} seal has no unseal shares: ask for recovery shares`);
  }
  const numbers = request.recovery;
  if (numbers !== undefined) checkNumbers(numbers);
  await proveSeal(seal, request.signal);
  const recoveryConfig = sealConfig(plugin.type, numbers ?? { shares: 0, threshold: 0 });
  const part = {
    seal,
    config: sealConfig(seal.type, { shares: 1, threshold: 1 }),
    recoveryConfig,
    plain: [],
  };
  const configEntry: Change = { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(recoveryConfig) };
  if (numbers === undefined) {
    return { ...part, shares: { unseal: [], recovery: [] }, raw: [configEntry], wipe: () => {} };
  }
  const key = randomBytes(KEY_BYTES);
  const sealed = await sealRecoveryKey(seal, key, request.signal);
  return {
    ...part,
    shares: { unseal: [], recovery: await plugin.split(key, numbers) },
    raw: [configEntry, { op: "put", path: RECOVERY_KEY, value: sealed }],
    wipe: () => key.fill(0),
  };
}

/**
 * Initialises an empty storage. `auto` is the auto seal, or undefined where people unseal by shares. Throws
 * `INVALID_REQUEST` for numbers that do not fit the seal, and passes on what the seal or the storage rejects with; the
 * storage is then as empty as it was.
 */
export async function initialize(
  storage: Storage,
  auto: Seal | undefined,
  plugin: SharesSealPlugin,
  request: InitRequest,
  now: Date,
): Promise<InitShares> {
  const part = await (auto === undefined ? sharesPart(plugin, request) : autoPart(auto, plugin, request));
  try {
    const keyring = newKeyring(now.toISOString());
    const storedKeys = await sealRootKey(part.seal, keyring.rootKey, request.signal);
    const copy = { seal: part.config, recovery: part.recoveryConfig ?? null };
    const more = (await request.beforeCommit?.(part.shares)) ?? [];
    await commitKeyring(storage, new Barrier(storage, keyring), keyring, {
      plain: [
        ...part.plain,
        { op: "put", path: CLUSTER, value: serializeCluster(newCluster()) },
        { op: "put", path: SEAL_CONFIG_COPY, value: Buffer.from(JSON.stringify(copy)) },
        ...more,
      ],
      raw: [
        { op: "put", path: SEAL_CONFIG, value: serializeSealConfig(part.config) },
        { op: "put", path: STORED_KEYS, value: storedKeys },
        ...part.raw,
      ],
    });
    return part.shares;
  } finally {
    part.wipe();
  }
}
