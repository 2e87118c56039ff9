// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { KEY_BYTES, type Seal } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { type Companions, replaceKeyring } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { addTerm, newKey, withRootKey } from "../keyring.ts";
import { SEAL_CONFIG, SHAMIR_KEK, STORED_KEYS } from "../paths.ts";
import { checkNumbers, NO_SHARES, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { splitKey } from "../split-key.ts";
import type { SealedStore } from "../store.ts";
import { proveSeal, sealRootKey } from "../stored-keys.ts";
import type { NewKey, RekeyCommit, RekeyTarget } from "./target.ts";

/**
 * Makes a root key, wraps it by `seal` once that has proved itself, and re-encrypts the keyring under it: one batch with
 * `companions`, then memory.
 */
async function replaceRootKey(
  open: OpenStore,
  seal: Seal,
  companions: Companions,
  term: RekeyCommit["term"],
): Promise<void> {
  const { barrier, now, signal } = open;
  await proveSeal(seal, signal);
  const rootKey = newKey();
  const storedKeys = await sealRootKey(seal, rootKey, signal);
  const kept = withRootKey(barrier.keyring, rootKey);
  const next = term === "add" ? addTerm(kept, now) : kept;
  const raw = [{ op: "put" as const, path: STORED_KEYS, value: storedKeys }, ...(companions.raw ?? [])];
  await replaceKeyring(open, next, { ...companions, raw });
}

/** Where people unseal by shares: a new Shamir key, split anew, and a new root key under it. */
const byShares: Omit<RekeyTarget, "name"> = {
  check(_open, numbers) {
    checkNumbers(numbers);
  },
  async make({ plugin }, numbers): Promise<NewKey> {
    const key = randomBytes(KEY_BYTES);
    return { key, shares: await splitKey(plugin, key, numbers), numbers };
  },
  async commit(open, { key, numbers }, { entries, term }) {
    if (key === undefined) throw new RangeError("a seal of shares has a key");
    const config = sealConfig(open.plugin.type, numbers);
    const companions: Companions = {
      plain: [{ op: "put", path: SHAMIR_KEK, value: key }, sealConfigCopy(config, null)],
      raw: [{ op: "put", path: SEAL_CONFIG, value: serializeSealConfig(config) }, ...entries],
    };
    const seal = open.plugin.open(key);
    try {
      await replaceRootKey(open, seal, companions, term);
    } finally {
      await seal.close();
    }
  },
};

/** Where a seal unseals: a new root key under it, and no shares for anybody. */
const bySeal: Omit<RekeyTarget, "name"> = {
  check() {},
  async make(): Promise<NewKey> {
    return { key: undefined, shares: [], numbers: NO_SHARES };
  },
  async commit(open, _made, { entries, term }) {
    if (open.seal === undefined) throw new RangeError("there is no auto seal");
    await replaceRootKey(open, open.seal, { raw: entries }, term);
  },
};

function kindOf({ seal }: OpenStore): Omit<RekeyTarget, "name"> {
  return seal === undefined ? byShares : bySeal;
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
 * their key is at hand under the barrier. Rejects with `SEALED`, `FOREIGN_STORAGE`, a `SealError`, and with
 * `INVALID_REQUEST` where the storage does not keep that key.
 */
export function rotateRootKey(store: SealedStore, signal?: AbortSignal): Promise<void> {
  return store.exclusively(async (open) => {
    if (open.seal !== undefined) return replaceRootKey(open, open.seal, {}, "keep");
    const key = await open.barrier.get(SHAMIR_KEK);
    if (key === undefined) {
      const why = `the storage has no ${SHAMIR_KEK}: replace the root key with the quorum's leave, by a rekey`;
      throw new CoreError("INVALID_REQUEST", why);
    }
    const seal = open.plugin.open(key);
    key.fill(0);
    try {
      await replaceRootKey(open, seal, {}, "keep");
    } finally {
      await seal.close();
    }
  }, signal);
}
