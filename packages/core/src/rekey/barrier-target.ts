// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { KEY_BYTES } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import { SEAL_CONFIG, SHAMIR_KEK } from "../paths.ts";
import { checkNumbers, NO_SHARES, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { changeSeals } from "../seals/change-seals.ts";
import type { Risk } from "../seals/risk.ts";
import { splitKey } from "../split-key.ts";
import type { SealedStore } from "../store.ts";
import type { NewKey, RekeyTarget } from "./target.ts";

/** Where people unseal by shares: a new Shamir key, split anew, and a new root key under it. */
const byShares: Omit<RekeyTarget, "name"> = {
  check(_open, numbers) {
    checkNumbers(numbers);
  },
  async make({ plugin }, numbers): Promise<NewKey> {
    const key = randomBytes(KEY_BYTES);
    return { key, shares: await splitKey(plugin, key, numbers), numbers };
  },
  async commit(open, { key, numbers }, { entries, term, oneSealLeft }) {
    if (key === undefined) throw new RangeError("a seal of shares has a key");
    const { roster, plugin } = open;
    const config = sealConfig(plugin.type, numbers);
    const seal = plugin.open(key);
    try {
      await changeSeals(open, {
        record: roster.record,
        rootKey: { kind: "replace", oneSealLeft },
        term,
        lostRecoveryKey: "refuse",
        shares: new Map([[roster.record.first, seal]]),
        companions: {
          plain: [{ op: "put", path: SHAMIR_KEK, value: key }, sealConfigCopy(config, null)],
          raw: [{ op: "put", path: SEAL_CONFIG, value: serializeSealConfig(config) }, ...entries],
        },
      });
    } finally {
      await seal.close();
    }
  },
};

/** Where seals unseal: a new root key under them, and no shares for anybody. */
const bySeals: Omit<RekeyTarget, "name"> = {
  check() {},
  async make(): Promise<NewKey> {
    return { key: undefined, shares: [], numbers: NO_SHARES };
  },
  async commit(open, _made, { entries, term, oneSealLeft }) {
    const { record } = open.roster;
    const rootKey = { kind: "replace", oneSealLeft } as const;
    await changeSeals(open, { record, rootKey, term, lostRecoveryKey: "refuse", companions: { raw: entries } });
  },
};

function kindOf({ quorum }: OpenStore): Omit<RekeyTarget, "name"> {
  return quorum === "unseal" ? byShares : bySeals;
}

/** The root key, and the unseal shares where there are any. */
export const barrierTarget: RekeyTarget = {
  name: "barrier",
  check: (open, numbers) => kindOf(open).check(open, numbers),
  make: (open, numbers) => kindOf(open).make(open, numbers),
  commit: (open, made, commit) => kindOf(open).commit(open, made, commit),
};

/**
 * Replaces the root key alone, without a quorum: shares, recovery key and data keys stay. Where people unseal by shares,
 * their key is at hand under the barrier. Rejects with `SEALED`, `FOREIGN_STORAGE`, a `SealError`, `FORCE_NEEDED`, and
 * with `INVALID_REQUEST` where the storage does not keep that key.
 */
export function rotateRootKey(store: SealedStore, signal?: AbortSignal, oneSealLeft: Risk = "refuse"): Promise<void> {
  return store.exclusively(async (open) => {
    const { roster, barrier, quorum } = open;
    if (quorum === "unseal") await roster.readShares(barrier);
    try {
      if (quorum === "unseal" && roster.view.keepers.length === 0) {
        const why = `the storage has no ${SHAMIR_KEK}: replace the root key with the quorum's leave, by a rekey`;
        throw new CoreError("INVALID_REQUEST", why);
      }
      const rootKey = { kind: "replace", oneSealLeft } as const;
      await changeSeals(open, { record: roster.record, rootKey, term: "keep", lostRecoveryKey: "refuse" });
    } finally {
      // The key of people alone is not kept in memory: it is needed for this only.
      if (!roster.recorded) await roster.close();
    }
  }, signal);
}
