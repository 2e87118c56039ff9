// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from "node:crypto";
import { CoreError } from "../errors.ts";
import type { Change } from "../storage.ts";
import { proveSeal } from "../stored-keys.ts";
import { type Asking, askAll, refusalOf } from "./ask-all.ts";
import { settledOrNoted } from "./outstanding.ts";
import type { Reach } from "./reach.ts";
import type { Risk } from "./risk.ts";
import { rootKeyChange } from "./root-key-entry.ts";
import { rootKeyPath } from "./seal-record.ts";
import type { SealView } from "./seal-view.ts";

/** What gives seals the root key, and what the keyring under it has to reach then. */
export interface WrappedRootKey {
  readonly changes: readonly Change[];
  readonly reach: Reach;
}

/**
 * The changes that give `rootKey` to every seal of `view` that answers, each proved first, and that note the others.
 * Rejects with the seal's own failure where it is alone, `NO_SEAL_ANSWERS` where none of several answers, and
 * `FORCE_NEEDED` where only one does, unless that is accepted.
 */
export async function wrapRootKey(
  view: SealView,
  rootKey: KeyObject,
  asking: Asking,
  oneSealLeft: Risk,
): Promise<WrappedRootKey> {
  const { record, expected, keepers } = view;
  const { answered, failed } = await askAll(keepers, asking, async (keeper, signal) => {
    await proveSeal(keeper.seal, signal);
    return rootKeyChange(keeper, rootKey, signal);
  });
  const names = [...answered.keys()];
  if (names.length === 0) throw refusalOf(failed, "no seal takes the new root key");
  if (names.length === 1 && expected.length > 1 && oneSealLeft === "refuse") {
    const reasons = refusalOf(failed, "the other seals do not take it");
    throw new CoreError("FORCE_NEEDED", `only the seal ${names[0]} would have the new root key`, { cause: reasons });
  }
  // Those that are disabled too: what they hold is not the root key from now on.
  const notes = record.members.flatMap((each) => settledOrNoted(record, [each], names, rootKeyPath(record, each.name)));
  return { changes: [...answered.values(), ...notes], reach: { holders: names, needed: [], oneSealLeft } };
}
