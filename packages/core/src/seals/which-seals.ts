// SPDX-License-Identifier: Apache-2.0
/** Which seals a sealed storage has and which of those are configured, found out without any key. */
import type { ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import { CoreError } from "../errors.ts";
import { isInitialized, readSealConfig } from "../inventory.ts";
import { STORED_KEYS } from "../paths.ts";
import type { Storage } from "../storage.ts";
import type { SharesPlace } from "../unseal.ts";
import type { AttachedSeal } from "./attached-seal.ts";
import type { Slot } from "./root-key-entry.ts";
import { readPlainRecord, recordOfOne, recordOfShares, rootKeyPath, type SealRecord } from "./seal-record.ts";
import type { QuorumKind } from "./seal-roster.ts";
import type { SealSet } from "./seal-set.ts";

/** A sealed storage's seals. */
export interface StoredSeals {
  /** The type of the first one, as `core/seal-config` names it. */
  readonly type: string;
  readonly quorum: QuorumKind;
  /** Undefined where there is one seal. */
  readonly record: SealRecord | undefined;
  /** The auto seals that are attached and may open it, by priority. */
  readonly candidates: readonly AttachedSeal[];
}

/** What the storage says of its seals. Rejects with `NOT_INITIALIZED`, `STORAGE_INCOMPLETE` or `ENTRY_CORRUPT`. */
export async function readStoredSeals(storage: Storage, set: SealSet, plugin: SharesSealPlugin): Promise<StoredSeals> {
  if (!(await isInitialized(storage))) throw new CoreError("NOT_INITIALIZED", "Vault is not initialized");
  const type = (await readSealConfig(storage))?.type ?? "";
  const record = await readPlainRecord(storage);
  const candidates = set.all.filter(({ name, seal }) =>
    record === undefined
      ? seal.type === type
      : record.members.some((each) => each.name === name && each.kind === "auto"),
  );
  return { type, quorum: type === plugin.type ? "unseal" : "recovery", record, candidates };
}

/** The entries by which `candidates` open the storage, in the order in which they are to be asked. */
export function slotsOf({ record, candidates }: StoredSeals, set: SealSet): readonly Slot[] {
  const slots = candidates.map(({ name, seal }) => ({
    name,
    seal,
    path: record === undefined ? STORED_KEYS : rootKeyPath(record, name),
    generation: record?.generation ?? 0,
  }));
  const trusted = slots.filter(({ name }) => set.doubtOf(name) === undefined);
  const last = (name: string): number =>
    name === record?.migration?.from || set.idleReason(name) !== undefined ? 1 : 0;
  return (trusted.length > 0 ? trusted : slots).sort((a, b) => last(a.name) - last(b.name));
}

/**
 * The seal of shares beside auto seals that is called `name`: where it keeps the root key, and how many shares it takes.
 * Throws `INVALID_REQUEST` where there is none.
 */
export function sharesPlace({ record }: StoredSeals, name: string): SharesPlace & { readonly numbers: ShareNumbers } {
  const numbers = record?.members.find((each) => each.name === name && each.kind === "shares")?.numbers;
  if (record === undefined || numbers === undefined) {
    throw new CoreError("INVALID_REQUEST", `this storage has no seal of shares called ${JSON.stringify(name)}`);
  }
  return { name, path: rootKeyPath(record, name), generation: record.generation, numbers };
}

/** The record that is meant where a storage has none, once the seal called `name` has opened it, or unseal shares. */
export function impliedRecord({ type }: StoredSeals, name: string | undefined, plugin: SharesSealPlugin): SealRecord {
  return name === undefined ? recordOfShares(plugin) : recordOfOne(name, type, "auto");
}

/**
 * Throws `WRONG_SEAL` or `MIGRATION_PENDING`, saying which stanza or flag is missing, unless what is configured is what the storage has: at
 * least one enabled seal of it, or unseal shares and no other seal of its own.
 */
export function checkConfigured(stored: StoredSeals, set: SealSet, plugin: SharesSealPlugin): void {
  const { quorum, record, candidates } = stored;
  if (candidates.some(({ state }) => state === "enabled")) return;
  // Where there is a record, a seal that is not in it is merely new.
  if (quorum === "unseal" && (set.first === undefined || record !== undefined)) return;
  throw wrongSeal(stored, set, plugin);
}

/**
 * Throws `MIGRATION_PENDING` where the seal called `name`, which has opened the storage, is disabled and the storage has no
 * other: a migration is meant and has not been asked for.
 */
export function checkEnabled(stored: StoredSeals, set: SealSet, plugin: SharesSealPlugin, name: string): void {
  if (stored.record !== undefined || set.named(name)?.state !== "disabled") return;
  throw wrongSeal(stored, set, plugin);
}

/**
 * Throws `WRONG_SEAL` where the storage's own seal is not configured, and `INVALID_REQUEST` where there is no other one to
 * migrate to.
 */
export function checkMigration(stored: StoredSeals, set: SealSet, plugin: SharesSealPlugin): void {
  const { quorum, record, candidates } = stored;
  if (quorum === "recovery" && candidates.length === 0) throw wrongSeal(stored, set, plugin);
  const isMember = (name: string): boolean =>
    record?.members.some((each) => each.name === name) ?? set.all.length === 1;
  const target = quorum === "unseal" ? set.first !== undefined : set.first === undefined || !isMember(set.first.name);
  if (target) return;
  throw new CoreError(
    "INVALID_REQUEST",
    "there is no other enabled seal to migrate to: configure it, and disable the old one",
  );
}

function wrongSeal(stored: StoredSeals, set: SealSet, plugin: SharesSealPlugin): CoreError {
  const configured = set.first?.seal.type ?? plugin.type;
  const mismatch = `this storage was initialised with a ${stored.type} seal, and the configuration has a ${configured} seal`;
  const pending = stored.quorum === "unseal" || stored.candidates.length > 0;
  return new CoreError(pending ? "MIGRATION_PENDING" : "WRONG_SEAL", `${mismatch}: ${migrationAdvice(stored)}`);
}

function migrationAdvice({ type, quorum, record, candidates }: StoredSeals): string {
  if (quorum === "unseal") return "to migrate to it, give the unseal shares with -migrate";
  if (candidates.length > 0) return "to migrate to it, give the recovery shares with -migrate";
  const names = record?.members.filter(({ kind }) => kind === "auto").map(({ name, type }) => `${name} (${type})`);
  if (names !== undefined) return `configure one of its seals under its name: ${names.join(", ")}`;
  return `to migrate, add a seal "${type}" block with the old settings and disabled = "true"`;
}
