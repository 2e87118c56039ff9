// SPDX-License-Identifier: Apache-2.0
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import { foreignStorage } from "../read-only.ts";
import type { AttachedSeal } from "./attached-seal.ts";
import { changeSeals } from "./change-seals.ts";
import type { Risk } from "./risk.ts";
import type { SealMember, SealRecord } from "./seal-record.ts";

/** Throws `WEAKER_SEAL` where `weakness` says why a seal makes the whole weaker, and that is not accepted. */
export function checkWeakness(name: string, weakness: string | undefined, weaker: Risk): void {
  if (weakness === undefined || weaker === "accept") return;
  const why = `any one seal opens the storage, and ${name} would be the weakest: ${weakness}`;
  throw new CoreError("WEAKER_SEAL", why);
}

/** The seal of that name, where it is attached, enabled, and new to the storage. Throws `INVALID_REQUEST`. */
export function newSeal({ roster, plugin, foreign }: OpenStore, name: string): AttachedSeal {
  if (foreign) throw foreignStorage();
  if (name === plugin.type) {
    throw new CoreError(
      "INVALID_REQUEST",
      `a seal cannot be called ${name}: that is what the seal of people is called`,
    );
  }
  const attached = roster.set.named(name);
  if (attached === undefined) {
    throw new CoreError("INVALID_REQUEST", `no seal called ${JSON.stringify(name)} is configured: configure it first`);
  }
  if (roster.member(name) !== undefined) {
    throw new CoreError("INVALID_REQUEST", `the seal ${name} is one of this storage's already`);
  }
  if (attached.state === "disabled") {
    throw new CoreError("INVALID_REQUEST", `the seal ${name} is disabled: leave disabled out of its block first`);
  }
  return attached;
}

/** `record` with one seal more, and so one that is kept. */
export function withMember(record: SealRecord, member: SealMember): SealRecord {
  return { ...record, generation: Math.max(record.generation, 1), members: [...record.members, member] };
}

/** The member that an attached seal becomes. */
export function memberOf({ name, seal }: AttachedSeal): SealMember {
  return { name, type: seal.type, kind: "auto" };
}

/**
 * Adds the attached seal called `name`: it proves itself and is given the root key, in one batch. Rejects with
 * `INVALID_REQUEST`, `WEAKER_SEAL` or what the seal rejects with; nothing has changed then.
 */
export async function addSeal(open: OpenStore, name: string, weaker: Risk): Promise<void> {
  const attached = newSeal(open, name);
  const { roster, quorum } = open;
  if (quorum === "unseal") {
    throw new CoreError("INVALID_REQUEST", `people unseal this storage: migrate to the seal ${name} instead`);
  }
  checkWeakness(name, attached.weakness, weaker);
  const record = withMember(roster.record, memberOf(attached));
  // Whatever was known of it is of the time before: it may have been removed since for having another key.
  roster.set.proved(name);
  await changeSeals(open, {
    record,
    rootKey: { kind: "keep", needed: [name] },
    term: "keep",
    lostRecoveryKey: "refuse",
  });
}
