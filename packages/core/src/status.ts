// SPDX-License-Identifier: Apache-2.0
import type { ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import type { Attempt } from "./ceremony.ts";
import type { Cluster } from "./cluster.ts";
import { CoreError } from "./errors.ts";
import { isForeign, isInitialized, readRecoveryConfig, readSealConfig } from "./inventory.ts";
import { NO_SHARES, numbersOf, type SealConfig } from "./seal-config.ts";
import { sealConfigsMatch } from "./seal-config-copy.ts";
import { readPlainRecord } from "./seals/seal-record.ts";
import type { SealSet } from "./seals/seal-set.ts";
import type { Storage } from "./storage.ts";
import type { Unsealed } from "./unsealed.ts";

/** What can be told of a store at any time, sealed or not. */
export interface StoreStatus {
  /** The seal's type: as stored, or as configured before initialisation. */
  readonly type: string;
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Of the unseal shares, or of the recovery shares where the seal is an auto seal; zeros where there are none. */
  readonly numbers: ShareNumbers;
  /** Unseal shares counted so far. */
  readonly progress: number;
  /** The unseal attempt's nonce; empty while there is none. */
  readonly nonce: string;
  /** The seals of shares beside auto seals, and how many of their shares have been counted. */
  readonly besides: readonly BesideProgress[];
  /** The type of the recovery shares' seal, where the seal is an auto seal. */
  readonly recoveryType?: string;
  readonly storageType: string;
  /** Known while unsealed. */
  readonly cluster?: Cluster;
  /** OpenBao or Vault wrote this storage and it was not adopted: it is read and never written. */
  readonly foreign: boolean;
  /** While unsealed: a plain seal configuration is not what this store wrote, or cannot be read. */
  readonly sealConfigsAltered: boolean;
  /**
   * Why the store cannot be unsealed as its storage stands: `STORAGE_INCOMPLETE`, or `ENTRY_CORRUPT` of the seal
   * configuration. The type is then the configured one, and numbers that cannot be read are zeros.
   */
  readonly damage?: CoreError;
}

/** How far people are who open the store by a seal of shares beside auto seals. */
export interface BesideProgress {
  readonly name: string;
  readonly numbers: ShareNumbers;
  readonly progress: number;
  /** Empty while nobody has given a share. */
  readonly nonce: string;
}

/** What a status is made of. */
export interface StatusSources {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly seals: SealSet;
  /** Of unsealing by shares: the quorum's, or those of the seal of shares of that name. */
  attempt(name?: string): Attempt<unknown> | undefined;
  /** What is open at the moment of asking. */
  readonly unsealed: () => Unsealed | undefined;
}

/** What was read, or why it could not be. */
interface Reading<T> {
  readonly value?: T;
  readonly damage?: CoreError;
}

async function orDamage<T>(reading: Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    if (error instanceof CoreError) return { damage: error };
    throw error;
  }
}

/** Rejects with what the storage rejects with; damage is a part of the answer. */
export async function readStatus(sources: StatusSources): Promise<StoreStatus> {
  const { storage, shares, seals, unsealed } = sources;
  const attempt = sources.attempt();
  const parts = await orDamage(isInitialized(storage));
  const initialized = parts.value ?? true;
  const config = await orDamage(readSealConfig(storage));
  const type = config.value?.type ?? seals.first?.seal.type ?? shares.type;
  const byPeople = (unsealed()?.roster.quorum ?? (type === shares.type ? "unseal" : "recovery")) === "unseal";
  const recovery: Reading<SealConfig | undefined> = byPeople ? {} : await orDamage(readRecoveryConfig(storage));
  const { value: numbers } = byPeople ? config : recovery;
  const damage = parts.damage ?? config.damage;
  const readable = config.damage === undefined && recovery.damage === undefined;
  const cluster = unsealed()?.cluster;
  return {
    type,
    initialized,
    sealed: unsealed() === undefined,
    numbers: numbers === undefined ? NO_SHARES : numbersOf(numbers),
    progress: attempt?.shares.length ?? 0,
    nonce: attempt?.nonce ?? "",
    besides: await besides(sources),
    ...(byPeople ? {} : { recoveryType: recovery.value?.type ?? shares.type }),
    storageType: storage.type,
    ...(cluster === undefined ? {} : { cluster }),
    foreign: unsealed()?.foreign ?? (initialized && (await isForeign(storage))),
    sealConfigsAltered: unsealed() !== undefined && (!readable || (await configsAltered(sources))),
    ...(damage === undefined ? {} : { damage }),
  };
}

async function besides({ storage, attempt, unsealed }: StatusSources): Promise<readonly BesideProgress[]> {
  // A record that cannot be read shows once the store is open: the copy under the barrier counts then.
  const record = unsealed()?.roster.record ?? (await orDamage(readPlainRecord(storage))).value;
  return (record?.members ?? []).flatMap(({ name, numbers }) => {
    if (numbers === undefined) return [];
    const current = attempt(name);
    return [{ name, numbers, progress: current?.shares.length ?? 0, nonce: current?.nonce ?? "" }];
  });
}

async function configsAltered({ unsealed }: StatusSources): Promise<boolean> {
  const open = unsealed();
  if (open === undefined) return false;
  try {
    return !(await sealConfigsMatch({ ...open, quorum: open.roster.quorum }));
  } catch (error) {
    // It was sealed meanwhile.
    if (unsealed() === undefined) return false;
    throw error;
  }
}
