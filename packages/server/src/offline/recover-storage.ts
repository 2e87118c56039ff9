// SPDX-License-Identifier: Apache-2.0
/** `sealwright operator recover`: shares open a storage whose seals are gone, and it is given to those of a configuration. */
import {
  CoreError,
  isInitialized,
  type OpeningShares,
  openingShares,
  RECOVERY_KEYS,
  type Recovered,
  recover,
  SealedStore,
  type Storage,
  sealLayer,
} from "@sealwright/core";
import type { SharesSealPlugin } from "@sealwright/seal";
import { loadConfig, type ServerConfig } from "../config/index.ts";
import { Measurements } from "../metrics/measurements.ts";
import { openStorage } from "../runtime/open-storage.ts";
import { attachable, openSeals } from "../seals/configured-seals.ts";
import { loadSharesPlugin, sealRegistry } from "../seals/registry.ts";
import { OfflineAudit } from "./offline-audit.ts";
import { type OfflineOptions, requireExisting } from "./session.ts";
import { collectShares, type ShareRequest, wipe } from "./shares.ts";

/** What a recovery is given. */
export interface RecoverOptions extends OfflineOptions {
  /** Whose shares are given, by the name of their seal; undefined where there is no choice. */
  readonly sealName: string | undefined;
}

/** What a recovery has done, and by whose shares. */
export interface Recovery extends Recovered {
  readonly openedBy: string;
}

/** Whose shares are to open the storage. Throws `INVALID_REQUEST` where none could, or several and none is named. */
async function chosen(storage: Storage, plugin: SharesSealPlugin, name: string | undefined): Promise<OpeningShares> {
  if (!(await isInitialized(storage))) throw new CoreError("NOT_INITIALIZED", "the storage is not initialised");
  const all = await openingShares(storage, plugin);
  const names = all.map((each) => each.name).join(", ");
  if (all.length === 0) {
    throw new CoreError("INVALID_REQUEST", "no shares open this storage: only its seals do, and recovery keys do not");
  }
  const [only] = name === undefined ? all : all.filter((each) => each.name === name);
  if (only === undefined) {
    throw new CoreError(
      "INVALID_REQUEST",
      `there are no shares of ${JSON.stringify(name)}: there are those of ${names}`,
    );
  }
  if (name !== undefined || all.length === 1) return only;
  throw new CoreError("INVALID_REQUEST", `several kinds of shares open this storage: say with -seal whose, ${names}`);
}

function kindOf(name: string, plugin: SharesSealPlugin): ShareRequest["kind"] {
  if (name === plugin.type) return "unseal";
  return name === RECOVERY_KEYS ? "recovery" : "break-glass";
}

async function openStore(config: ServerConfig, options: RecoverOptions, storage: Storage): Promise<SealedStore> {
  const seals = await openSeals(config.seal, {
    registry: sealRegistry(config.plugin),
    env: options.env,
    log: (level, message) => options.log[level](message),
    measurements: new Measurements(),
  });
  return new SealedStore({
    storage,
    shares: await loadSharesPlugin(),
    seals: seals.flatMap((seal) => attachable(seal) ?? []),
    ...(config.disable_sealwrap ? {} : { layer: sealLayer }),
  });
}

/** Where people unsealed before, what Vault's migration does is a recovery. */
async function submitAll(store: SealedStore, shares: readonly Uint8Array[], name: string | undefined): Promise<void> {
  for (const share of shares) await store.submitShare(share, name === undefined ? { migrate: true } : { seal: name });
}

async function recoverBy(
  store: SealedStore,
  { name, numbers }: OpeningShares,
  options: RecoverOptions,
  audit: OfflineAudit,
): Promise<Recovery> {
  const plugin = await loadSharesPlugin();
  const shares = await collectShares(options.shares, kindOf(name, plugin), numbers);
  try {
    const byPeople = name === plugin.type;
    await submitAll(store, shares, byPeople ? undefined : name);
    await audit.unlocked(store.barrier);
    const seals = store.seals.attached.filter(({ state }) => state === "enabled").map((each) => each.name);
    const recovered = byPeople ? { seals, recoveryShares: "kept" as const } : await store.exclusively(recover);
    await store.barrier.write(audit.headChanges());
    return { ...recovered, openedBy: name };
  } finally {
    wipe(shares);
  }
}

/**
 * Opens the storage that a configuration names by shares, and gives it to the configuration's seals in one batch: a new
 * root key that no other seal gets, and a new key term. Throws what start-up throws, `WRONG_SHARES`, and
 * `INVALID_REQUEST` where no shares could open it; nothing was written then.
 */
export async function recoverStorage(options: RecoverOptions): Promise<Recovery> {
  const { config } = loadConfig(options.configPaths, options.env);
  requireExisting(config.storage);
  const storage = await openStorage(config.storage);
  let store: SealedStore | undefined;
  try {
    const shares = await chosen(storage, await loadSharesPlugin(), options.sealName);
    store = await openStore(config, options, storage);
    const audit = await OfflineAudit.begin(config.audit, options.log, {
      operation: "update",
      path: "operator/recover",
    });
    return await audited(audit, recoverBy(store, shares, options, audit));
  } finally {
    await (store ?? storage).close();
  }
}

async function audited(audit: OfflineAudit, work: Promise<Recovery>): Promise<Recovery> {
  try {
    const recovery = await work;
    await audit.end({ data: { seals: recovery.seals } });
    return recovery;
  } catch (error) {
    await audit.end({ error });
    throw error;
  }
}
