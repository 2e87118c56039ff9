// SPDX-License-Identifier: Apache-2.0
/**
 * Which seals a storage has: plain JSON, so that it can be read while nothing is open, and a copy under the barrier, so
 * that a change by somebody else shows. A storage with one seal, as OpenBao writes it, has neither.
 */
import type { ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import * as z from "zod";
import type { Barrier, PlainChange } from "../barrier.ts";
import { CoreError } from "../errors.ts";
import { SEAL_RECORD, SEAL_RECORD_COPY, SEALS, SHAMIR_KEK, STORED_KEYS } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";

const numbers = z.object({ shares: z.int().min(1).max(255), threshold: z.int().min(1).max(255) });
const member = z.object({
  name: z.string(),
  type: z.string(),
  kind: z.enum(["auto", "shares"]),
  numbers: numbers.optional(),
});
const schema = z.object({
  generation: z.int().min(0),
  first: z.string(),
  members: z.array(member).min(1),
  migration: z.object({ from: z.string(), to: z.string() }).optional(),
});

/** A seal that a storage has: it holds the root key, or is to be given it. */
export interface SealMember {
  readonly name: string;
  readonly type: string;
  readonly kind: "auto" | "shares";
  /** Of a seal of shares beside others. The first one's are in `core/seal-config`. */
  readonly numbers?: ShareNumbers | undefined;
}

/** All seals of a storage. */
export interface SealRecord {
  /** Grows with each new root key; 0 where it has never been counted. */
  readonly generation: number;
  /** The name of the seal whose blob stands where OpenBao looks for it. */
  readonly first: string;
  readonly members: readonly SealMember[];
  /** A migration that is not finished: the old seal stays, asked last. */
  readonly migration?: { readonly from: string; readonly to: string } | undefined;
}

function serialize(record: SealRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

function parse(path: string, bytes: Uint8Array): SealRecord {
  try {
    const record = schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    if (record.members.some(({ name }) => name === record.first)) return record;
  } catch (cause) {
    throw new CoreError("ENTRY_CORRUPT", `the entry ${path} is no list of seals`, { cause });
  }
  throw new CoreError("ENTRY_CORRUPT", `the entry ${path} has no first seal`);
}

/** The record as it stands, readable without any key; undefined where there is one seal. Rejects with `ENTRY_CORRUPT`. */
export async function readPlainRecord(storage: Storage): Promise<SealRecord | undefined> {
  const bytes = await storage.get(SEAL_RECORD);
  return bytes === undefined ? undefined : parse(SEAL_RECORD, bytes);
}

/** The record that this store wrote last; undefined where there is one seal. Rejects with `ENTRY_CORRUPT`. */
export async function readWrittenRecord(barrier: Barrier): Promise<SealRecord | undefined> {
  const bytes = await barrier.get(SEAL_RECORD_COPY);
  return bytes === undefined ? undefined : parse(SEAL_RECORD_COPY, bytes);
}

/** Whether the plain record is what this store wrote. */
export async function sealRecordMatches(storage: Storage, barrier: Barrier): Promise<boolean> {
  const [plain, written] = await Promise.all([storage.get(SEAL_RECORD), barrier.get(SEAL_RECORD_COPY)]);
  return plain === undefined || written === undefined ? plain === written : written.equals(plain);
}

/** What writes a record: the plain one, and its copy, still to be encrypted. */
export function recordChanges(record: SealRecord): { readonly plain: PlainChange; readonly raw: Change } {
  return {
    plain: { op: "put", path: SEAL_RECORD_COPY, value: serialize(record) },
    raw: { op: "put", path: SEAL_RECORD, value: serialize(record) },
  };
}

/** Where the seal of that name keeps the root key. */
export function rootKeyPath({ first }: SealRecord, name: string): string {
  return name === first ? STORED_KEYS : `${SEALS}${name}/root-key`;
}

/** Where the key of the seal of shares of that name stands under the barrier. */
export function kekPath({ first }: SealRecord, name: string): string {
  return name === first ? SHAMIR_KEK : `${SEALS}${name}/kek`;
}

/** `record` with other numbers of shares for the seal called `name`. */
export function withNumbers(record: SealRecord, name: string, numbers: ShareNumbers): SealRecord {
  return { ...record, members: record.members.map((each) => (each.name === name ? { ...each, numbers } : each)) };
}

/** Of a storage of one seal that has no record. */
export function recordOfOne(name: string, type: string, kind: SealMember["kind"]): SealRecord {
  return { generation: 0, first: name, members: [{ name, type, kind }] };
}

/** Of a storage that people open by unseal shares. */
export function recordOfShares({ type }: SharesSealPlugin): SealRecord {
  return recordOfOne(type, type, "shares");
}
