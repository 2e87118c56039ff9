// SPDX-License-Identifier: Apache-2.0
import type { Seal, ShareNumbers } from "@sealwright/seal";
import type { PlainChange } from "../barrier.ts";
import { CoreError } from "../errors.ts";
import { RECOVERY_CONFIG } from "../paths.ts";
import { checkNumbers, NO_SHARES, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { checkWeakness, memberOf } from "../seals/add-seal.ts";
import { askAll, refusalOf } from "../seals/ask-all.ts";
import { type AttachedSeal, RECOVERY_KEYS } from "../seals/attached-seal.ts";
import { checkNewShares, weaknessOf } from "../seals/break-glass.ts";
import { recoveryKeyChanges } from "../seals/recovery-key.ts";
import { rootKeyChange } from "../seals/root-key-entry.ts";
import { kekPath, recordChanges, type SealRecord } from "../seals/seal-record.ts";
import { type SealView, viewOf } from "../seals/seal-view.ts";
import { splitKey } from "../split-key.ts";
import type { Change } from "../storage.ts";
import { proveSeal } from "../stored-keys.ts";
import type { InitDeps, InitRequest, InitShares, NewKeys, SealPart } from "./request.ts";

/** A seal of shares beside the auto seals: its key is lent. */
interface BesideSeal {
  readonly name: string;
  readonly numbers: ShareNumbers;
  readonly key: Uint8Array;
}

function besideSeals({ breakGlass, recoveryKeysUnseal, recovery }: InitRequest, keys: NewKeys): BesideSeal[] {
  if (recoveryKeysUnseal && recovery === undefined) {
    throw new CoreError("INVALID_REQUEST", "there are to be no recovery keys that could unseal: ask for some");
  }
  return [
    ...(breakGlass === undefined ? [] : [{ ...breakGlass, key: keys.breakGlass }]),
    ...(recoveryKeysUnseal && recovery ? [{ name: RECOVERY_KEYS, numbers: recovery, key: keys.peoples }] : []),
  ];
}

function check({ seals, shares }: InitDeps, request: InitRequest, first: AttachedSeal, beside: readonly BesideSeal[]) {
  const { unseal, recovery, breakGlass, weaker = "refuse" } = request;
  if (unseal !== undefined) {
    throw new CoreError("INVALID_REQUEST", `a ${first.seal.type} seal has no unseal shares: ask for recovery shares`);
  }
  if (recovery !== undefined) checkNumbers(recovery);
  if (breakGlass !== undefined) {
    const taken = (name: string): boolean => seals.named(name) !== undefined;
    checkNewShares(breakGlass.name, breakGlass.numbers, taken, shares.type);
  }
  if (seals.enabled.length + beside.length < 2) return;
  for (const { name, weakness } of seals.enabled) checkWeakness(name, weakness, weaker);
  for (const { name, numbers } of beside) checkWeakness(name, weaknessOf(numbers), weaker);
}

/** The record of the new storage: its generation is 0, and it is not kept, where there is one seal. */
function firstRecord({ seals, shares }: InitDeps, first: AttachedSeal, beside: readonly BesideSeal[]): SealRecord {
  const members = [
    ...seals.enabled.map(memberOf),
    ...beside.map(({ name, numbers }) => ({ name, type: shares.type, kind: "shares" as const, numbers })),
  ];
  return { generation: members.length > 1 ? 1 : 0, first: first.name, members };
}

async function wrapForAll(
  { asking }: InitDeps,
  { keepers }: SealView,
  { rootKey }: NewKeys,
  signal?: AbortSignal,
): Promise<readonly Change[]> {
  const { answered, failed } = await askAll(keepers, { ...asking, signal }, async (each, limit) => {
    await proveSeal(each.seal, limit);
    return rootKeyChange(each, rootKey, limit);
  });
  // All of them or nothing: whoever initialises is there to see to a seal that does not answer.
  if (failed.size > 0) throw refusalOf(failed, "not every seal takes the root key");
  return [...answered.values()];
}

function keptEntries(record: SealRecord, beside: readonly BesideSeal[]): { plain: PlainChange[]; raw: Change[] } {
  if (record.generation === 0) return { plain: [], raw: [] };
  const { plain, raw } = recordChanges(record);
  const keks = beside.map(({ name, key }): PlainChange => ({ op: "put", path: kekPath(record, name), value: key }));
  return { plain: [plain, ...keks], raw: [raw] };
}

async function split(
  { shares: plugin }: InitDeps,
  { breakGlass, recovery }: InitRequest,
  keys: NewKeys,
): Promise<InitShares> {
  return {
    unseal: breakGlass === undefined ? [] : await splitKey(plugin, keys.breakGlass, breakGlass.numbers),
    recovery: recovery === undefined ? [] : await splitKey(plugin, keys.peoples, recovery),
  };
}

/**
 * Where auto seals unseal: each of them is given the root key, and so are seals of shares beside them; people hold shares
 * of the recovery key. Hands the view of the seals on for the keyring's layer. Throws `INVALID_REQUEST`, `WEAKER_SEAL`,
 * and what a seal rejects with.
 */
export async function bySeals(
  deps: InitDeps,
  first: AttachedSeal,
  request: InitRequest,
  keys: NewKeys,
  commit: (part: SealPart, view: SealView) => Promise<void>,
): Promise<InitShares> {
  const { seals, shares: plugin, asking } = deps;
  const { recovery, signal } = request;
  const beside = besideSeals(request, keys);
  check(deps, request, first, beside);
  const record = firstRecord(deps, first, beside);
  const opened = new Map<string, Seal>(beside.map(({ name, key }) => [name, plugin.open(key)]));
  try {
    const view = viewOf(record, seals, opened);
    const rootKeys = await wrapForAll(deps, view, keys, signal);
    const recoveryConfig = sealConfig(plugin.type, recovery ?? NO_SHARES);
    const kept = keptEntries(record, beside);
    const wrapped =
      recovery === undefined
        ? { plain: [], raw: [] }
        : await recoveryKeyChanges({ ...asking, signal }, view, keys.peoples);
    const part: SealPart = {
      shares: await split(deps, request, keys),
      config: sealConfig(first.seal.type, { shares: 1, threshold: 1 }),
      recoveryConfig,
      plain: [...kept.plain, ...wrapped.plain],
      raw: [
        ...rootKeys,
        { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(recoveryConfig) },
        ...kept.raw,
        ...wrapped.raw,
      ],
    };
    await commit(part, view);
    return part.shares;
  } finally {
    for (const seal of opened.values()) await seal.close();
  }
}
