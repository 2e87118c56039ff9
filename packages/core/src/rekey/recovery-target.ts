// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { KEY_BYTES, type ShareNumbers } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import type { PlainChange } from "../barrier.ts";
import { replaceKeyring } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { readSealConfig } from "../inventory.ts";
import { addTerm } from "../keyring.ts";
import { RECOVERY_CONFIG } from "../paths.ts";
import { checkNumbers, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { RECOVERY_KEYS } from "../seals/attached-seal.ts";
import { changeSeals } from "../seals/change-seals.ts";
import { recoveryKeyChanges } from "../seals/recovery-key.ts";
import { kekPath, withNumbers } from "../seals/seal-record.ts";
import { splitKey } from "../split-key.ts";
import type { Change } from "../storage.ts";
import { proveSeal } from "../stored-keys.ts";
import type { RekeyCommit, RekeyTarget } from "./target.ts";

/** The recovery key of an auto-sealed store: a new key and new shares; root key and data keys stay. */
export const recoveryTarget: RekeyTarget = {
  name: "recovery",
  check({ quorum, plugin }, numbers) {
    if (quorum === "unseal") {
      throw new CoreError("INVALID_REQUEST", `recovery keys not supported: a ${plugin.type} seal has unseal keys only`);
    }
    checkNumbers(numbers);
  },
  async make({ plugin }, numbers) {
    const key = randomBytes(KEY_BYTES);
    return { key, shares: await splitKey(plugin, key, numbers), numbers };
  },
  async commit(open, { key, numbers }, { entries, term, oneSealLeft }) {
    if (key === undefined) throw new RangeError("recovery keys have shares");
    const { barrier, roster, now } = open;
    if (roster.record.migration?.from === open.plugin.type) {
      throw new CoreError("INVALID_REQUEST", "the same shares unsealed before: finish the migration from them first");
    }
    const { plain, raw } = await recoveryEntries(open, key, numbers, entries);
    if (roster.member(RECOVERY_KEYS) !== undefined) {
      await replaceOpeningKey(open, key, numbers, { plain, raw }, { term, oneSealLeft });
    } else if (term === "keep") {
      await barrier.write(plain, raw);
    } else {
      await replaceKeyring(open, addTerm(barrier.keyring, now), { plain, raw });
    }
  },
};

/** The entries that put `key` (borrowed) in force as the recovery key. */
export async function recoveryEntries(
  { storage, plugin, roster, asking, signal }: OpenStore,
  key: Uint8Array,
  numbers: ShareNumbers,
  entries: readonly Change[],
): Promise<{ readonly plain: readonly PlainChange[]; readonly raw: readonly Change[] }> {
  const { firstAuto, recorded, view } = roster;
  // Where there is a record, a seal that is down or answers wrongly only gets the key later.
  if (firstAuto !== undefined && !recorded) await proveSeal(firstAuto, signal);
  const config = sealConfig(plugin.type, numbers);
  const kept = await recoveryKeyChanges({ ...asking, signal }, view, key);
  return {
    plain: [sealConfigCopy((await readSealConfig(storage)) ?? null, config), ...kept.plain],
    raw: [...kept.raw, { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(config) }, ...entries],
  };
}

/** Where the recovery key opens the storage, a new one comes with a new root key: the old one must not open that. */
async function replaceOpeningKey(
  open: OpenStore,
  key: Uint8Array,
  numbers: ShareNumbers,
  { plain, raw }: { readonly plain: readonly PlainChange[]; readonly raw: readonly Change[] },
  { term, oneSealLeft }: Pick<RekeyCommit, "term" | "oneSealLeft">,
): Promise<void> {
  const record = withNumbers(open.roster.record, RECOVERY_KEYS, numbers);
  const seal = open.plugin.open(key);
  try {
    await changeSeals(open, {
      record,
      rootKey: { kind: "replace", oneSealLeft },
      term,
      lostRecoveryKey: "refuse",
      shares: new Map([[RECOVERY_KEYS, seal]]),
      companions: { plain: [...plain, { op: "put", path: kekPath(record, RECOVERY_KEYS), value: key }], raw },
    });
  } finally {
    await seal.close();
  }
}
