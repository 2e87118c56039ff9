// SPDX-License-Identifier: Apache-2.0
/**
 * `recovery_keys_unseal`: the recovery key opens the storage too, as a seal of shares beside the auto seals does. As many
 * officers as the threshold, with a stolen backup, then read everything. The recovery quorum turns it on and off.
 */
import type { OpenStore } from "../authority.ts";
import { type Permission, presentQuorum } from "../authorization.ts";
import { CoreError } from "../errors.ts";
import { recoveryEntries, recoveryTarget } from "../rekey/recovery-target.ts";
import type { RekeyTarget } from "../rekey/target.ts";
import { checkWeakness, withMember } from "./add-seal.ts";
import { RECOVERY_KEYS } from "./attached-seal.ts";
import { weaknessOf } from "./break-glass.ts";
import { changeSeals } from "./change-seals.ts";
import { readPeoplesKey } from "./first-seal.ts";
import type { Risk } from "./risk.ts";
import { kekPath } from "./seal-record.ts";

/** Whether the recovery key opens the storage. */
export function recoveryKeysUnseal({ roster }: Pick<OpenStore, "roster">): boolean {
  return roster.member(RECOVERY_KEYS) !== undefined;
}

/** What a recovery quorum allows that makes its key open the storage. For an `Authorization`. */
export function recoveryKeysUnsealOn(weaker: Risk): Permission<true> {
  return {
    async numbers(open) {
      if (open.quorum === "unseal") throw new CoreError("INVALID_REQUEST", "people unseal this storage already");
      if (recoveryKeysUnseal(open)) throw new CoreError("INVALID_REQUEST", "the recovery keys unseal already");
      const numbers = await presentQuorum(open);
      checkWeakness(RECOVERY_KEYS, weaknessOf(numbers), weaker);
      return numbers;
    },
    async carryOut(open) {
      const { key, numbers, failure } = await readPeoplesKey(open);
      if (key === undefined) throw failure ?? new CoreError("INVALID_REQUEST", "nobody holds recovery shares");
      const seal = open.plugin.open(key);
      const member = { name: RECOVERY_KEYS, type: open.plugin.type, kind: "shares", numbers } as const;
      const record = withMember(open.roster.record, member);
      try {
        await changeSeals(open, {
          record,
          rootKey: { kind: "keep", needed: [RECOVERY_KEYS] },
          term: "keep",
          lostRecoveryKey: "refuse",
          shares: new Map([[RECOVERY_KEYS, seal]]),
          companions: { plain: [{ op: "put", path: kekPath(record, RECOVERY_KEYS), value: key }] },
        });
        return true;
      } finally {
        key.fill(0);
        await seal.close();
      }
    },
  };
}

/**
 * Turns it off: a new recovery key, which opens nothing, a new root key, which the old one does not open, and a new
 * data-key term. For a `Rekey`, which hands the new shares out.
 */
export const recoveryKeysUnsealOff: RekeyTarget = {
  name: "recovery",
  check(open, numbers) {
    if (!recoveryKeysUnseal(open)) throw new CoreError("INVALID_REQUEST", "the recovery keys do not unseal");
    recoveryTarget.check(open, numbers);
  },
  make: recoveryTarget.make,
  async commit(open, { key, numbers }, { entries, oneSealLeft }) {
    if (key === undefined) throw new RangeError("recovery keys have shares");
    const { record } = open.roster;
    await changeSeals(open, {
      record: { ...record, members: record.members.filter(({ name }) => name !== RECOVERY_KEYS) },
      rootKey: { kind: "replace", oneSealLeft },
      term: "add",
      lostRecoveryKey: "refuse",
      companions: await recoveryEntries(open, key, numbers, entries),
    });
  },
};
