// SPDX-License-Identifier: Apache-2.0
/** What is wrapped by which key of which seal: what must not be destroyed. Read without any key. */
import { decodeBlob, isSealError, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";
import { isInitialized, readSealConfig } from "../inventory.ts";
import { RECOVERY_KEY, STORED_KEYS } from "../paths.ts";
import { LAYERED_PATHS } from "../seal-wrap/entry-layer.ts";
import { decodeWrapped } from "../seal-wrap/wrapped-entry.ts";
import type { Storage } from "../storage.ts";
import type { SealState } from "./attached-seal.ts";
import { listOutstanding, type Outstanding } from "./outstanding.ts";
import { readPlainRecord, recordOfOne, rootKeyPath, type SealMember, type SealRecord } from "./seal-record.ts";
import type { SealSet } from "./seal-set.ts";

/** An entry that a seal has wrapped, and by which key. */
export interface WrappedEntry {
  readonly path: string;
  /** As the seal names its key; empty where it does not. */
  readonly keyId: string;
}

/** One seal. */
export interface SealHolding {
  readonly name: string;
  readonly type: string;
  readonly kind: SealMember["kind"];
  /** 1 is asked first; undefined for a seal of shares and for one that is not attached. */
  readonly priority: number | undefined;
  /**
   * `absent`: the storage knows it, and it is not configured. `new`: configured, and the storage does not know it. Seals
   * of shares are enabled.
   */
  readonly state: SealState | "absent" | "new";
  /** Whether its blob is the one that OpenBao reads. */
  readonly first: boolean;
  /** Of a seal of shares beside others. */
  readonly numbers: ShareNumbers | undefined;
  /** Why it is not asked now, if it is not: a wrong answer, or no answer. */
  readonly idleReason: unknown;
  /** The root key and the recovery key that are wrapped for it alone. */
  readonly wrapped: readonly WrappedEntry[];
  /** Of the storage's present root key; 0 where it is not counted. */
  readonly generation: number;
  readonly outstanding: readonly Outstanding[];
  /** Whether it has all that it is to have. A disabled one has not from the next new root key on. */
  readonly upToDate: boolean;
}

function keyIdOf(bytes: Uint8Array): string {
  try {
    return decodeBlob(bytes).keyInfo?.keyId ?? "";
  } catch (error) {
    if (isSealError(error)) return "";
    throw error;
  }
}

async function wrappedAt(storage: Storage, paths: readonly string[]): Promise<WrappedEntry[]> {
  const read = paths.map(async (path): Promise<WrappedEntry[]> => {
    const bytes = await storage.get(path);
    return bytes === undefined ? [] : [{ path, keyId: keyIdOf(bytes) }];
  });
  return (await Promise.all(read)).flat();
}

async function recordIn(storage: Storage, set: SealSet, plugin: SharesSealPlugin): Promise<SealRecord | undefined> {
  if (!(await isInitialized(storage))) return undefined;
  const record = await readPlainRecord(storage);
  if (record !== undefined) return record;
  const type = (await readSealConfig(storage))?.type ?? plugin.type;
  const name = set.all.find(({ seal }) => seal.type === type)?.name ?? type;
  return recordOfOne(name, type, type === plugin.type ? "shares" : "auto");
}

/** All seals of the storage, then those that are attached and new to it. `record` is the open store's, where it is open. */
export async function readHoldings(
  storage: Storage,
  set: SealSet,
  plugin: SharesSealPlugin,
  record: SealRecord | undefined,
): Promise<readonly SealHolding[]> {
  const known = record ?? (await recordIn(storage, set, plugin));
  const outstanding = await listOutstanding(storage);
  const members = known?.members ?? [];
  const held = members.map(async (member): Promise<SealHolding> => {
    const { name, type, kind, numbers } = member;
    const attached = set.named(name);
    const first = name === known?.first;
    const own = outstanding.filter(({ seal }) => seal === name);
    const path = known === undefined ? STORED_KEYS : rootKeyPath(known, name);
    return {
      name,
      type,
      kind,
      first,
      numbers,
      priority: attached?.priority,
      state: kind === "shares" ? "enabled" : (attached?.state ?? "absent"),
      idleReason: set.idleReason(name),
      wrapped: await wrappedAt(storage, first && kind === "auto" ? [path, RECOVERY_KEY] : [path]),
      generation: known?.generation ?? 0,
      outstanding: own,
      upToDate: own.length === 0 && set.doubtOf(name) === undefined,
    };
  });
  const fresh = set.all
    .filter(({ name }) => !members.some((each) => each.name === name))
    .map(
      ({ name, priority, seal }): SealHolding => ({
        name,
        type: seal.type,
        kind: "auto",
        priority,
        state: "new",
        first: false,
        numbers: undefined,
        idleReason: set.idleReason(name),
        wrapped: [],
        generation: known?.generation ?? 0,
        outstanding: [],
        upToDate: false,
      }),
    );
  return [...(await Promise.all(held)), ...fresh];
}

/** Which key ids the seals' layer around the keyring and the root key for standbys is under, slot by slot. */
export async function layerKeyIds(storage: Storage): Promise<readonly WrappedEntry[]> {
  const read = LAYERED_PATHS.map(async (path) => {
    const stored = await storage.get(path);
    const slots = stored === undefined ? [] : (decodeWrapped(stored) ?? []);
    return slots.map(({ keyInfo }): WrappedEntry => ({ path, keyId: keyInfo?.keyId ?? "" }));
  });
  return (await Promise.all(read)).flat();
}
