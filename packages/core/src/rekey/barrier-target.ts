// SPDX-License-Identifier: Apache-2.0
import { type KeyObject, randomBytes } from "node:crypto";
import { KEY_BYTES, type ShareNumbers } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { Barrier } from "../barrier.ts";
import { type Companions, commitKeyring } from "../commit.ts";
import { addTerm, newKey, withRootKey } from "../keyring.ts";
import { SEAL_CONFIG, SHAMIR_KEK, STORED_KEYS } from "../paths.ts";
import { checkNumbers, NO_SHARES, sealConfig, serializeSealConfig } from "../seal-config.ts";
import { sealConfigCopy } from "../seal-config-copy.ts";
import { splitKey } from "../split-key.ts";
import { proveSeal, sealRootKey } from "../stored-keys.ts";
import type { NewKey, RekeyCommit, RekeyTarget } from "./target.ts";

/** Re-encrypts the keyring under `rootKey` in one batch with `companions`, and swaps it in. */
async function install(
  { storage, barrier, now }: OpenStore,
  rootKey: KeyObject,
  companions: Companions,
  term: RekeyCommit["term"],
): Promise<void> {
  const kept = withRootKey(barrier.keyring, rootKey);
  const next = term === "add" ? addTerm(kept, now) : kept;
  const encrypter = term === "add" ? new Barrier(storage, next) : barrier;
  barrier.swap(await commitKeyring(storage, encrypter, next, companions));
}

/** Where people unseal by shares: a new Shamir key, split anew, and a new root key under it. */
const byShares: Omit<RekeyTarget, "name"> = {
  async check(_open, numbers) {
    checkNumbers(numbers);
  },
  async make({ plugin }, numbers): Promise<NewKey> {
    const key = randomBytes(KEY_BYTES);
    return { key, shares: await splitKey(plugin, key, numbers), numbers };
  },
  async commit(open, { key, numbers }, { entries, term }) {
    if (key === undefined) throw new RangeError("a seal of shares has a key");
    const seal = open.plugin.open(key);
    try {
      await proveSeal(seal, open.signal);
      const rootKey = newKey();
      const config = sealConfig(open.plugin.type, numbers);
      const companions: Companions = {
        plain: [{ op: "put", path: SHAMIR_KEK, value: key }, sealConfigCopy(config, null)],
        raw: [
          { op: "put", path: STORED_KEYS, value: await sealRootKey(seal, rootKey, open.signal) },
          { op: "put", path: SEAL_CONFIG, value: serializeSealConfig(config) },
          ...entries,
        ],
      };
      await install(open, rootKey, companions, term);
    } finally {
      await seal.close();
    }
  },
};

/** Where a seal unseals: a new root key under it, and no shares for anybody. */
const bySeal: Omit<RekeyTarget, "name"> = {
  async check() {},
  async make(): Promise<NewKey> {
    return { key: undefined, shares: [], numbers: NO_SHARES };
  },
  async commit(open, _made, { entries, term }) {
    if (open.seal === undefined) throw new RangeError("there is no auto seal");
    const rootKey = newKey();
    await proveSeal(open.seal, open.signal);
    const storedKeys = await sealRootKey(open.seal, rootKey, open.signal);
    const companions = { raw: [{ op: "put" as const, path: STORED_KEYS, value: storedKeys }, ...entries] };
    await install(open, rootKey, companions, term);
  },
};

function of({ seal }: OpenStore): Omit<RekeyTarget, "name"> {
  return seal === undefined ? byShares : bySeal;
}

/** The root key, and the unseal shares where there are any. */
export const barrierTarget: RekeyTarget = {
  name: "barrier",
  check: (open: OpenStore, numbers: ShareNumbers) => of(open).check(open, numbers),
  make: (open, numbers) => of(open).make(open, numbers),
  commit: (open, made, commit) => of(open).commit(open, made, commit),
};
