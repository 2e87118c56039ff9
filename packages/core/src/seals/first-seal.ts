// SPDX-License-Identifier: Apache-2.0
/**
 * What belongs to being a storage's first seal: its type in `core/seal-config`, and the key whose shares people hold. Where
 * the first one changes between an auto seal and shares, unseal shares become recovery shares or the other way about: it
 * is the same key, as Vault does it.
 */
import type { ShareNumbers } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import type { PlainChange } from "../barrier.ts";
import { CoreError } from "../errors.ts";
import { readRecoveryConfig, readSealConfig } from "../inventory.ts";
import {
  RECOVERY_CONFIG,
  RECOVERY_KEY,
  RECOVERY_KEY_COPY,
  RECOVERY_KEYS_BACKUP,
  SEAL_CONFIG,
  SHAMIR_KEK,
  UNSEAL_KEYS_BACKUP,
} from "../paths.ts";
import { NO_SHARES, numbersOf, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import type { Change, Storage } from "../storage.ts";
import { readRootKey } from "../stored-keys.ts";
import { isRecoveryKey, readRecoveryKey, recoveryKeyChanges } from "./recovery-key.ts";
import type { Risk } from "./risk.ts";
import type { SealRecord } from "./seal-record.ts";
import type { SealView } from "./seal-view.ts";

/** The key that people hold shares of, and how many there are. */
export interface PeoplesKey {
  /** 32 bytes; whoever has it wipes it. Undefined where nobody holds shares, or where it cannot be read. */
  readonly key: Uint8Array | undefined;
  readonly numbers: ShareNumbers;
  /** Why it cannot be read. */
  readonly failure?: unknown;
}

/** Entries of a batch, still to be encrypted and as they are. */
export interface FirstChanges {
  readonly plain: readonly PlainChange[];
  readonly raw: readonly Change[];
}

/** The key that people hold shares of now. */
export async function readPeoplesKey(open: OpenStore): Promise<PeoplesKey> {
  const { storage, barrier, roster, quorum, signal } = open;
  const config = await (quorum === "unseal" ? readSealConfig : readRecoveryConfig)(storage);
  const numbers = config === undefined ? NO_SHARES : numbersOf(config);
  if (quorum === "unseal") return { key: await barrier.get(SHAMIR_KEK), numbers };
  if (numbers.shares === 0) return { key: undefined, numbers };
  try {
    await proveHonest(open);
    const key = await readRecoveryKey(open, roster.firstAuto, signal);
    if (await isRecoveryKey(open, roster.firstAuto, key, signal)) return { key, numbers };
    key.fill(0);
    throw new CoreError("WRONG_SEAL", "the seal unwraps the recovery key to another one each time it is asked");
  } catch (failure) {
    return { key: undefined, numbers, failure };
  }
}

/**
 * Rejects where only the first seal can tell the recovery key and does not tell the root key right, which is known: what it
 * unwraps is about to be kept for good.
 */
async function proveHonest({ storage, barrier, roster, signal }: OpenStore): Promise<void> {
  const seal = roster.firstAuto;
  if (seal === undefined || (await barrier.get(RECOVERY_KEY_COPY)) !== undefined) return;
  const rootKey = await readRootKey(storage, seal, signal);
  if (rootKey.equals(barrier.keyring.rootKey)) return;
  throw new CoreError("WRONG_SEAL", `the ${seal.type} seal unwraps the root key to another one`);
}

/** Whether the change from `before` to `next` needs the key that people hold shares of. */
export function needsPeoplesKey(before: SealRecord, next: SealRecord): boolean {
  return before.first !== next.first || (before.generation === 0 && next.generation > 0);
}

/**
 * What has to be written so that the first seal of `view` is the first one, and, with the second seal, that no ceremony
 * needs the first. `held` is lent: its key is in what is answered. Rejects with `FORCE_NEEDED` where the recovery key would be lost.
 */
export async function asFirst(
  open: OpenStore,
  view: SealView,
  held: PeoplesKey,
  lostRecoveryKey: Risk,
): Promise<FirstChanges> {
  const { record } = open.roster;
  if (record.first === view.record.first) {
    if (open.quorum === "unseal" || held.key === undefined) return { plain: [], raw: [] };
    return { plain: [{ op: "put", path: RECOVERY_KEY_COPY, value: held.key }], raw: [] };
  }
  const next = view.record.members.find(({ name }) => name === view.record.first);
  if (next?.kind === "shares") return sharesFirst(open, held);
  if (held.key === undefined && held.numbers.shares > 0 && lostRecoveryKey === "refuse") {
    const why = "the seal that keeps the recovery key does not answer, and without it the recovery shares are lost";
    throw new CoreError("FORCE_NEEDED", why, { cause: held.failure });
  }
  return becomeFirst(open, view, held);
}

/** What makes the first seal of `view`, an auto seal, the first. Where `held` has no key, the recovery shares are lost. */
export async function becomeFirst(open: OpenStore, view: SealView, held: PeoplesKey): Promise<FirstChanges> {
  const { first, members } = view.record;
  const type = members.find(({ name }) => name === first)?.type ?? "";
  const { plugin, asking, signal, quorum, storage } = open;
  const config = sealConfig(type, { shares: 1, threshold: 1 });
  const recovery = sealConfig(plugin.type, held.key === undefined ? NO_SHARES : held.numbers);
  const kept: FirstChanges =
    held.key === undefined
      ? { plain: [], raw: [RECOVERY_KEY, RECOVERY_KEY_COPY].map((path) => ({ op: "delete", path })) }
      : await recoveryKeyChanges({ ...asking, signal }, view, held.key);
  return {
    plain: [...kept.plain, sealConfigCopy(config, recovery)],
    raw: [
      ...kept.raw,
      { op: "put", path: SEAL_CONFIG, value: serializeSealConfig(config) },
      { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(recovery) },
      ...(quorum === "unseal" ? await moved(storage, UNSEAL_KEYS_BACKUP, RECOVERY_KEYS_BACKUP) : []),
    ],
  };
}

async function sharesFirst({ plugin, storage }: OpenStore, { key, numbers }: PeoplesKey): Promise<FirstChanges> {
  if (key === undefined) throw new RangeError("people hold shares of the key that unseals");
  const config = sealConfig(plugin.type, numbers);
  return {
    plain: [{ op: "put", path: SHAMIR_KEK, value: key }, sealConfigCopy(config, null)],
    raw: [
      { op: "put", path: SEAL_CONFIG, value: serializeSealConfig(config) },
      ...[RECOVERY_CONFIG, RECOVERY_KEY, RECOVERY_KEY_COPY].map((path): Change => ({ op: "delete", path })),
      ...(await moved(storage, RECOVERY_KEYS_BACKUP, UNSEAL_KEYS_BACKUP)),
    ],
  };
}

/** The backup of PGP-encrypted shares goes where the shares of that kind are looked for. */
async function moved(storage: Storage, from: string, to: string): Promise<Change[]> {
  const value = await storage.get(from);
  if (value === undefined) return [{ op: "delete", path: to }];
  return [
    { op: "put", path: to, value },
    { op: "delete", path: from },
  ];
}
