// SPDX-License-Identifier: Apache-2.0
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import { foreignStorage } from "../read-only.ts";
import { RECOVERY_KEYS } from "./attached-seal.ts";
import { changeSeals } from "./change-seals.ts";
import { listOutstanding } from "./outstanding.ts";
import type { Risk } from "./risk.ts";
import type { SealRecord } from "./seal-record.ts";

/** `record` without the seal of that name; the best remaining auto seal is the first then. Throws `NO_SEAL_LEFT`. */
function withoutMember({ roster }: OpenStore, name: string): SealRecord {
  const { record, view } = roster;
  const members = record.members.filter((each) => each.name !== name);
  const { migration, ...rest } = record;
  const kept = migration?.from === name || migration?.to === name ? rest : record;
  if (record.first !== name) {
    const opens = view.keepers.some((each) => each.name !== name);
    if (!opens) throw new CoreError("NO_SEAL_LEFT", `without the seal ${name} no seal at hand would open the storage`);
    return { ...kept, members };
  }
  const next = view.keepers.find((each) => each.name !== name && each.kind === "auto");
  if (next === undefined) {
    throw new CoreError("NO_SEAL_LEFT", `without the seal ${name} no auto seal at hand would open the storage`);
  }
  return { ...kept, first: next.name, members };
}

/** Throws `FORCE_NEEDED` where a seal that stays has not been given everything: it may not open the storage. */
async function checkUpToDate({ storage, roster }: OpenStore, name: string): Promise<void> {
  const stay = roster.view.expected.filter((each) => each.name !== name).map((each) => each.name);
  const behind = (await listOutstanding(storage)).map(({ seal }) => seal).filter((seal) => stay.includes(seal));
  const doubted = roster.record.members.filter(
    (each) => each.name !== name && roster.set.doubtOf(each.name) !== undefined,
  );
  const [first] = [...behind, ...doubted.map((each) => each.name)];
  if (first === undefined) return;
  throw new CoreError(
    "FORCE_NEEDED",
    `the seal ${first} has not been given everything yet, and would have to stand in`,
  );
}

/**
 * Removes the seal called `name` from the storage: a new root key that it never gets, a new data-key term, and nothing of
 * it left, in one batch. It stays attached. Rejects with `INVALID_REQUEST`, `NO_SEAL_LEFT`, `FORCE_NEEDED`, or with what
 * the remaining seals reject with; nothing has changed then.
 */
export async function removeSeal(open: OpenStore, name: string, force: Risk): Promise<void> {
  const { roster, quorum, foreign } = open;
  if (foreign) throw foreignStorage();
  if (roster.member(name) === undefined) {
    throw new CoreError("INVALID_REQUEST", `this storage has no seal called ${JSON.stringify(name)}`);
  }
  if (name === RECOVERY_KEYS) {
    throw new CoreError(
      "INVALID_REQUEST",
      "the recovery keys are not removed, they are replaced by keys that open nothing, with their holders' leave: " +
        "operator recovery-keys-off",
    );
  }
  if (quorum === "unseal" && roster.record.first === name) {
    throw new CoreError("NO_SEAL_LEFT", "the seal of people cannot be removed: migrate to another seal instead");
  }
  const record = withoutMember(open, name);
  if (force === "refuse") await checkUpToDate(open, name);
  await changeSeals(open, {
    record,
    rootKey: { kind: "replace", oneSealLeft: force },
    term: "add",
    lostRecoveryKey: force,
  });
}
