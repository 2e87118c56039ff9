// SPDX-License-Identifier: Apache-2.0
/** Initialisation: the seal proves itself, then one batch writes everything or nothing. */
import { type KeyObject, randomBytes } from "node:crypto";
import { KEY_BYTES, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import type { PlainChange } from "./barrier.ts";
import { newCluster, serializeCluster } from "./cluster.ts";
import { createKeyring, type WrapKeyring } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { newKeyring } from "./keyring.ts";
import { CLUSTER, RECOVERY_CONFIG, SEAL_CONFIG, SHAMIR_KEK, STORED_KEYS } from "./paths.ts";
import { checkNumbers, NO_SHARES, type SealConfig, sealConfig, serializeSealConfig } from "./seal-config.ts";
import { sealConfigCopy } from "./seal-config-copy.ts";
import { type Asking, askAll, refusalOf } from "./seals/ask-all.ts";
import { recoveryKeyChanges } from "./seals/recovery-key.ts";
import { rootKeyChange } from "./seals/root-key-entry.ts";
import { recordChanges, recordOfShares } from "./seals/seal-record.ts";
import type { SealSet } from "./seals/seal-set.ts";
import { type SealView, viewOf } from "./seals/seal-view.ts";
import { splitKey } from "./split-key.ts";
import type { Change, Storage } from "./storage.ts";
import { proveSeal, sealRootKey } from "./stored-keys.ts";

/** The shares that people get. Each is 33 bytes, or 32 where there is one only. The receiver wipes them. */
export interface InitShares {
  readonly unseal: readonly Uint8Array[];
  readonly recovery: readonly Uint8Array[];
}

/** What a new store is to have. */
export interface InitRequest {
  /** For a seal of shares: how its key is split. */
  readonly unseal?: ShareNumbers;
  /** For an auto seal: how the recovery key is split; absent means that there is none. */
  readonly recovery?: ShareNumbers;
  readonly signal?: AbortSignal;
  /**
   * Called with the shares (lent) before anything is stored. What it answers is encrypted and written in the same
   * batch; what it throws leaves the storage uninitialised.
   */
  readonly beforeCommit?: (shares: InitShares) => Promise<readonly PlainChange[]>;
}

/** The keys to be kept: `peoplesKey` (32 bytes, lent) is the one whose shares people hold. */
interface NewKeys {
  readonly rootKey: KeyObject;
  readonly peoplesKey: Uint8Array;
}

/** What a kind of seal adds to the batch, and what it hands out. */
interface SealPart {
  readonly shares: InitShares;
  readonly config: SealConfig;
  readonly recoveryConfig: SealConfig | null;
  readonly plain: readonly PlainChange[];
  readonly raw: readonly Change[];
}

function wipe(shares: readonly Uint8Array[]): void {
  for (const share of shares) share.fill(0);
}

async function sharesPart(
  plugin: SharesSealPlugin,
  request: InitRequest,
  { rootKey, peoplesKey }: NewKeys,
): Promise<SealPart> {
  if (request.recovery !== undefined) {
    throw new CoreError("INVALID_REQUEST", `a ${plugin.type} seal has no recovery key: ask for unseal shares only`);
  }
  const numbers = request.unseal ?? NO_SHARES;
  checkNumbers(numbers);
  const seal = plugin.open(peoplesKey);
  try {
    await proveSeal(seal, request.signal);
    const storedKeys = await sealRootKey(seal, rootKey, request.signal);
    return {
      shares: { unseal: await splitKey(plugin, peoplesKey, numbers), recovery: [] },
      config: sealConfig(plugin.type, numbers),
      recoveryConfig: null,
      plain: [{ op: "put", path: SHAMIR_KEK, value: peoplesKey }],
      raw: [{ op: "put", path: STORED_KEYS, value: storedKeys }],
    };
  } finally {
    await seal.close();
  }
}

async function autoPart(
  deps: InitDeps,
  view: SealView,
  request: InitRequest,
  { rootKey, peoplesKey }: NewKeys,
): Promise<SealPart> {
  const { shares: plugin, asking } = deps;
  const [first] = view.keepers;
  if (first === undefined) throw new RangeError("an auto seal is configured");
  if (request.unseal !== undefined) {
    throw new CoreError("INVALID_REQUEST", `a ${first.seal.type} seal has no unseal shares: ask for recovery shares`);
  }
  const numbers = request.recovery;
  if (numbers !== undefined) checkNumbers(numbers);
  const { answered, failed } = await askAll(
    view.keepers,
    { ...asking, signal: request.signal },
    async (each, signal) => {
      await proveSeal(each.seal, signal);
      return rootKeyChange(each, rootKey, view.record.generation, signal);
    },
  );
  // All of them or nothing: whoever initialises is there to see to a seal that does not answer.
  if (failed.size > 0) throw refusalOf(failed, "not every seal takes the root key");
  const recoveryConfig = sealConfig(plugin.type, numbers ?? NO_SHARES);
  const kept = recordOf(view);
  const raw: Change[] = [
    ...answered.values(),
    { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(recoveryConfig) },
    ...kept.raw,
  ];
  const config = sealConfig(first.seal.type, { shares: 1, threshold: 1 });
  if (numbers === undefined) {
    return { config, recoveryConfig, plain: kept.plain, shares: { unseal: [], recovery: [] }, raw };
  }
  const recovery = await recoveryKeyChanges({ ...asking, signal: request.signal }, view, peoplesKey);
  return {
    config,
    recoveryConfig,
    plain: [...kept.plain, ...recovery.plain],
    shares: { unseal: [], recovery: await splitKey(plugin, peoplesKey, numbers) },
    raw: [...raw, ...recovery.raw],
  };
}

/** The record of the seals, where there are several. */
function recordOf({ record }: SealView): { readonly plain: readonly PlainChange[]; readonly raw: readonly Change[] } {
  if (record.generation === 0) return { plain: [], raw: [] };
  const { plain, raw } = recordChanges(record);
  return { plain: [plain], raw: [raw] };
}

/** What is initialised, and by what. */
export interface InitDeps {
  readonly storage: Storage;
  /** The auto seals; without an enabled one people unseal by shares. */
  readonly seals: SealSet;
  readonly shares: SharesSealPlugin;
  readonly asking: Omit<Asking, "signal">;
  layerFor(view: SealView): WrapKeyring;
  readonly now: Date;
}

/** The seals of a new storage: all that are enabled, or people. */
function firstView({ seals, shares }: InitDeps): SealView {
  const [first, ...others] = seals.enabled;
  if (first === undefined) return viewOf(recordOfShares(shares), seals, new Map());
  const members = [first, ...others].map(({ name, seal }) => ({ name, type: seal.type, kind: "auto" as const }));
  return viewOf({ generation: others.length > 0 ? 1 : 0, first: first.name, members }, seals, new Map());
}

/**
 * Initialises an empty storage. Throws `INVALID_REQUEST` for numbers that do not fit the seal, and passes on what the
 * seals, the storage or `beforeCommit` reject with; the storage is then as empty as it was, and the shares are wiped.
 */
export async function initialize(deps: InitDeps, request: InitRequest): Promise<InitShares> {
  const { storage, shares: plugin } = deps;
  const keyring = newKeyring(deps.now.toISOString());
  const keys: NewKeys = { rootKey: keyring.rootKey, peoplesKey: randomBytes(KEY_BYTES) };
  const view = firstView(deps);
  try {
    const byPeople = view.keepers.length === 0;
    const part = await (byPeople ? sharesPart(plugin, request, keys) : autoPart(deps, view, request, keys));
    try {
      const more = (await request.beforeCommit?.(part.shares)) ?? [];
      const plain = [
        ...part.plain,
        { op: "put" as const, path: CLUSTER, value: serializeCluster(newCluster()) },
        sealConfigCopy(part.config, part.recoveryConfig),
        ...more,
      ];
      const config = { op: "put" as const, path: SEAL_CONFIG, value: serializeSealConfig(part.config) };
      await createKeyring(storage, keyring, { plain, raw: [config, ...part.raw] }, deps.layerFor(view));
    } catch (error) {
      wipe([...part.shares.unseal, ...part.shares.recovery]);
      throw error;
    }
    return part.shares;
  } finally {
    keys.peoplesKey.fill(0);
  }
}
