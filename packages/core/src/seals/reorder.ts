// SPDX-License-Identifier: Apache-2.0
import type { OpenStore } from "../authority.ts";
import { changeSeals } from "./change-seals.ts";
import type { SealRoster } from "./seal-roster.ts";

/**
 * The seal that should be the first and is not, by the priorities of the configuration. Undefined where people unseal,
 * while a migration says otherwise, and where the first one is not configured: then its priority is not known.
 */
export function misplacedFirst({ record, recorded, quorum, set }: SealRoster): string | undefined {
  if (!recorded || quorum === "unseal" || record.migration !== undefined) return undefined;
  if (set.named(record.first) === undefined) return undefined;
  const best = set.enabled.find(({ name }) => record.members.some((each) => each.name === name));
  return best === undefined || best.name === record.first ? undefined : best.name;
}

/** Makes the best seal by priority the first, so that OpenBao with it opens the storage. Rejects as a migration does. */
export async function reorder(open: OpenStore): Promise<void> {
  const first = misplacedFirst(open.roster);
  if (first === undefined) return;
  await changeSeals(open, {
    record: { ...open.roster.record, first },
    rootKey: { kind: "keep", needed: [first] },
    term: "keep",
    lostRecoveryKey: "refuse",
  });
}
