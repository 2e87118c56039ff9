// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { KEY_BYTES } from "@sealwright/seal";
import { replaceKeyring } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { readSealConfig } from "../inventory.ts";
import { addTerm } from "../keyring.ts";
import { RECOVERY_CONFIG } from "../paths.ts";
import { checkNumbers, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { recoveryKeyChanges } from "../seals/recovery-key.ts";
import { splitKey } from "../split-key.ts";
import type { Change } from "../storage.ts";
import { proveSeal } from "../stored-keys.ts";
import type { RekeyTarget } from "./target.ts";

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
  async commit(open, { key, numbers }, { entries, term }) {
    const { storage, barrier, plugin, roster, asking, signal, now } = open;
    if (key === undefined) throw new RangeError("recovery keys have shares");
    const config = sealConfig(plugin.type, numbers);
    const { firstAuto, recorded } = roster;
    // Where there is a record, a seal that is down or answers wrongly only gets the key later.
    if (firstAuto !== undefined && !recorded) await proveSeal(firstAuto, signal);
    const kept = await recoveryKeyChanges({ ...asking, signal }, roster.view, key);
    const raw: Change[] = [
      ...kept.raw,
      { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(config) },
      ...entries,
    ];
    const plain = [sealConfigCopy((await readSealConfig(storage)) ?? null, config), ...kept.plain];
    if (term === "keep") {
      await barrier.write(plain, raw);
      return;
    }
    await replaceKeyring(open, addTerm(barrier.keyring, now), { plain, raw });
  },
};
