// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { KEY_BYTES } from "@sealwright/seal";
import { replaceKeyring } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { readSealConfig } from "../inventory.ts";
import { addTerm } from "../keyring.ts";
import { RECOVERY_CONFIG, RECOVERY_KEY } from "../paths.ts";
import { checkNumbers, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { splitKey } from "../split-key.ts";
import type { Change } from "../storage.ts";
import { proveSeal, sealRecoveryKey } from "../stored-keys.ts";
import type { RekeyTarget } from "./target.ts";

/** The recovery key of an auto-sealed store: a new key and new shares; root key and data keys stay. */
export const recoveryTarget: RekeyTarget = {
  name: "recovery",
  check({ seal, plugin }, numbers) {
    if (seal === undefined) {
      throw new CoreError("INVALID_REQUEST", `recovery keys not supported: a ${plugin.type} seal has unseal keys only`);
    }
    checkNumbers(numbers);
  },
  async make({ plugin }, numbers) {
    const key = randomBytes(KEY_BYTES);
    return { key, shares: await splitKey(plugin, key, numbers), numbers };
  },
  async commit(open, { key, numbers }, { entries, term }) {
    const { storage, barrier, seal, plugin, now, signal } = open;
    if (seal === undefined || key === undefined) throw new RangeError("recovery keys go with an auto seal");
    await proveSeal(seal, signal);
    const config = sealConfig(plugin.type, numbers);
    const raw: Change[] = [
      { op: "put", path: RECOVERY_KEY, value: await sealRecoveryKey(seal, key, signal) },
      { op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(config) },
      ...entries,
    ];
    const copy = sealConfigCopy((await readSealConfig(storage)) ?? null, config);
    if (term === "keep") {
      await barrier.write([copy], raw);
      return;
    }
    await replaceKeyring(open, addTerm(barrier.keyring, now), { plain: [copy], raw });
  },
};
