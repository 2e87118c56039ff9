// SPDX-License-Identifier: Apache-2.0
/** What operators do with the keys of a store that has several seals. */
import {
  barrierTarget,
  Rekey,
  type RekeyTarget,
  type Risk,
  recoveryTarget,
  rotateRootKey,
  type SealedStore,
} from "@sealwright/core";
import { TWO_OF_THREE } from "./stores.ts";

/** What is changed, by which shares, and whether one seal alone may be left with the new keys. */
export type Act = (store: SealedStore, shares: readonly Uint8Array[], oneSealLeft: Risk) => Promise<unknown>;

function rekey(target: RekeyTarget): Act {
  return async (store, shares, oneSealLeft) => {
    const ceremony = new Rekey<readonly Uint8Array[], null>(store, target);
    const { nonce } = await ceremony.start({
      numbers: target === recoveryTarget ? TWO_OF_THREE : { shares: 0, threshold: 0 },
      verification: "none",
      term: "add",
      oneSealLeft,
      details: null,
      deliver: async (made) => ({ answer: made.map((share) => share.slice()), entries: [] }),
    });
    for (const share of shares.slice(0, 2)) {
      const submission = await ceremony.submit(nonce, share);
      if (submission.complete) return submission.answer;
    }
    throw new Error("two shares are enough");
  };
}

/** A new root key, allowed by the recovery shares. */
export const rekeyOfTheBarrier = rekey(barrierTarget);
/** A new recovery key, whose shares are answered, and a new data-key term. */
export const rekeyOfTheRecoveryKey = rekey(recoveryTarget);
/** A new data-key term. */
export const rotation: Act = (store) => store.rotate();
/** A new root key. */
export const rootKeyRotation: Act = (store, _shares, oneSealLeft) => rotateRootKey(store, undefined, oneSealLeft);
/** Everything that is wrapped, wrapped anew. */
export const rewrap: Act = async (store) => {
  await store.rewrap.start();
  // What is left of it, if anything: this resolves when it has ended.
  await store.rewrap.resume();
};
/** A migration to the seal called `to`. */
export const migrationTo =
  (to: string): Act =>
  (store) =>
    store.seals.migrate(to);
