// SPDX-License-Identifier: Apache-2.0
/**
 * Migration from the storage's first seal to another one. Online the old seal stays, asked last, until the migration is
 * finished or undone; Vault's way, by shares at an unseal, leaves nothing of it.
 */
import type { Seal } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { CoreError } from "../errors.ts";
import { SHAMIR_KEK } from "../paths.ts";
import { proveSeal } from "../stored-keys.ts";
import { checkWeakness, memberOf, newSeal } from "./add-seal.ts";
import { RECOVERY_KEYS } from "./attached-seal.ts";
import { changeSeals, type RootKeyChange } from "./change-seals.ts";
import { type PeoplesKey, readPeoplesKey } from "./first-seal.ts";
import { removeSeal } from "./remove-seal.ts";
import type { Risk } from "./risk.ts";
import { kekPath, type SealMember, type SealRecord } from "./seal-record.ts";

/** What a migration would change, found out without changing anything. */
export interface MigrationPlan {
  readonly from: SealMember;
  readonly to: SealMember;
  /**
   * Which shares people will unseal by, or allow ceremonies by: the shares themselves stay the same. `lost`: there are
   * recovery shares, and no seal at hand can tell their key.
   */
  readonly shares: "unseal" | "recovery" | "none" | "lost";
  /** Why the old seal did not prove itself, if it did not: the migration works without it, and undoing it does not. */
  readonly fromFailure: unknown;
}

function memberTo(open: OpenStore, to: string): SealMember {
  const { roster, plugin } = open;
  const { record } = roster;
  if (record.first === to) throw new CoreError("INVALID_REQUEST", `the seal ${to} is this storage's first already`);
  if (record.migration !== undefined) {
    const { from, to: present } = record.migration;
    throw new CoreError(
      "INVALID_REQUEST",
      `the migration from ${from} to ${present} is neither finished nor undone yet`,
    );
  }
  if (to === plugin.type) return { name: to, type: plugin.type, kind: "shares" };
  const member = roster.member(to);
  if (member === undefined) return memberOf(newSeal(open, to));
  if (member.kind === "auto") return member;
  throw new CoreError("INVALID_REQUEST", `the seal ${to} is opened by people beside others: migrate to ${plugin.type}`);
}

/**
 * The members besides `ends`, the seals of a migration to `to`. Where people unseal, the recovery key is theirs and has no
 * place of its own any more: a rekey would leave the old shares one.
 */
function othersIn({ members }: SealRecord, to: SealMember, ends: readonly string[]): readonly SealMember[] {
  const others = members.filter(({ name }) => !ends.includes(name));
  return to.kind === "shares" ? others.filter(({ name }) => name !== RECOVERY_KEYS) : others;
}

/** The member that the first seal is once it is not the first any more: the numbers of shares move into the record. */
async function memberFrom(open: OpenStore): Promise<SealMember> {
  const { record } = open.roster;
  const member = open.roster.member(record.first);
  if (member === undefined) throw new RangeError("a record names its first seal");
  if (member.kind === "auto") return member;
  const { key, numbers } = await readPeoplesKey(open);
  key?.fill(0);
  return { ...member, numbers };
}

/** Throws `INVALID_REQUEST` unless the key that people hold shares of is at hand, where a migration needs it. */
async function takePeoplesKey(open: OpenStore, to: SealMember): Promise<Uint8Array | undefined> {
  const { key } = await readPeoplesKey(open);
  if (key !== undefined) return key;
  if (open.quorum === "unseal") {
    throw new CoreError("INVALID_REQUEST", `the storage has no ${SHAMIR_KEK}: rekey first, which writes it`);
  }
  if (to.kind === "auto") return undefined;
  const why = "nobody holds recovery shares, or the seal that keeps their key does not answer: make some first";
  throw new CoreError("INVALID_REQUEST", `there are no shares to unseal by: ${why}`);
}

interface Step {
  readonly record: SealRecord;
  readonly to: SealMember;
  readonly rootKey: RootKeyChange;
  readonly term: "keep" | "add";
  readonly lostRecoveryKey: Risk;
}

/** Carries a step of a migration out; where people are to unseal, under the key whose shares they hold. */
async function carryOut(open: OpenStore, { record, to, rootKey, term, lostRecoveryKey }: Step): Promise<void> {
  const key = await takePeoplesKey(open, to);
  const shares = new Map<string, Seal>();
  const companions = { plain: [] as { op: "put"; path: string; value: Uint8Array }[] };
  try {
    if (key !== undefined && to.kind === "shares") shares.set(to.name, open.plugin.open(key));
    const from = record.members.find(({ name }) => name === open.roster.record.first);
    if (key !== undefined && from?.kind === "shares") {
      shares.set(from.name, open.plugin.open(key));
      companions.plain.push({ op: "put", path: kekPath(record, from.name), value: key });
    }
    await changeSeals(open, { record, rootKey, term, lostRecoveryKey, shares, companions });
  } finally {
    key?.fill(0);
    for (const seal of shares.values()) await seal.close();
  }
}

/** Throws `WEAKER_SEAL`. One that opens the storage already was let in before. */
function checkTarget({ roster }: OpenStore, to: string, weaker: Risk): void {
  if (roster.member(to) === undefined) checkWeakness(to, roster.set.named(to)?.weakness, weaker);
}

/** Proves both seals by a round trip, and tells what a migration to `to` would change. Rejects as `migrate` does. */
export async function planMigration(open: OpenStore, to: string, weaker: Risk): Promise<MigrationPlan> {
  const target = memberTo(open, to);
  const from = await memberFrom(open);
  const attached = open.roster.set.named(to);
  checkTarget(open, to, weaker);
  (await takePeoplesKey(open, target))?.fill(0);
  if (attached !== undefined) await proveSeal(attached.seal, open.signal);
  const old = open.roster.set.named(from.name);
  const fromFailure = await (old === undefined ? undefined : failureOf(proveSeal(old.seal, open.signal)));
  const held = await readPeoplesKey(open);
  held.key?.fill(0);
  return { from, to: target, shares: sharesAfter(target, held), fromFailure };
}

function sharesAfter({ kind }: SealMember, { key, numbers }: PeoplesKey): MigrationPlan["shares"] {
  if (numbers.shares === 0) return "none";
  if (key === undefined) return "lost";
  return kind === "shares" ? "unseal" : "recovery";
}

function failureOf(proof: Promise<unknown>): Promise<unknown> {
  return proof.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/**
 * Makes the seal called `to` (attached, or the type of the seal of people) the first: one batch. The old one stays, is
 * asked last and given everything, until `finishMigration` or `undoMigration`. Rejects with `INVALID_REQUEST`,
 * `WEAKER_SEAL`, and what the new seal rejects with; nothing has changed then.
 */
export async function migrate(open: OpenStore, to: string, weaker: Risk, lostRecoveryKey: Risk): Promise<void> {
  const target = memberTo(open, to);
  checkTarget(open, to, weaker);
  const from = await memberFrom(open);
  const { record } = open.roster;
  // It is asked for by name: that it did not answer before does not keep it from being tried.
  open.roster.set.up(to);
  const others = othersIn(record, target, [from.name, to]);
  const next = {
    generation: Math.max(record.generation, 1),
    first: to,
    members: [target, ...others, from],
    migration: { from: from.name, to },
  };
  await carryOut(open, {
    record: next,
    to: target,
    rootKey: { kind: "keep", needed: [to] },
    term: "keep",
    lostRecoveryKey,
  });
}

/** Throws `INVALID_REQUEST` where no migration is under way. */
function underWay({ roster }: OpenStore): { readonly from: string; readonly to: string } {
  const { migration } = roster.record;
  if (migration !== undefined) return migration;
  throw new CoreError("INVALID_REQUEST", "no migration is under way: there is nothing to finish or to undo");
}

/** Removes the old seal of a migration, with a new root key and a new data-key term. Rejects as `removeSeal`. */
export async function finishMigration(open: OpenStore, force: Risk): Promise<void> {
  await removeSeal(open, underWay(open).from, force);
}

/** Makes the old seal of a migration the first again; the new one stays, asked last. Rejects as `migrate` does. */
export async function undoMigration(open: OpenStore, lostRecoveryKey: Risk): Promise<void> {
  const { from, to } = underWay(open);
  const target = open.roster.member(from);
  const old = await memberFrom(open);
  if (target === undefined) throw new RangeError("a migration's old seal is a member");
  const { record } = open.roster;
  const others = othersIn(record, target, [from, to]);
  const { numbers: _moved, ...first } = target;
  const next = { ...record, first: from, members: [first, ...others, old], migration: { from: to, to: from } };
  await carryOut(open, {
    record: next,
    to: target,
    rootKey: { kind: "keep", needed: [from] },
    term: "keep",
    lostRecoveryKey,
  });
}

/**
 * Vault's way, after a quorum of shares has opened the store: the enabled seal, or people where there is none, takes the
 * place of the storage's first, of which nothing is left, with a new root key and a new data-key term. One batch. Rejects
 * as `migrate` does.
 */
export async function migrateAway(open: OpenStore): Promise<void> {
  const to =
    open.roster.set.enabled.find(({ name }) => open.roster.member(name) === undefined)?.name ?? open.plugin.type;
  const target = memberTo(open, to);
  const { record } = open.roster;
  const members = [target, ...othersIn(record, target, [record.first, to])];
  const rootKey = { kind: "replace", oneSealLeft: "refuse" } as const;
  await carryOut(open, {
    record: { ...record, first: to, members },
    to: target,
    rootKey,
    term: "add",
    lostRecoveryKey: "refuse",
  });
}
