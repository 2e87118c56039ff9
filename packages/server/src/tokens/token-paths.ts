// SPDX-License-Identifier: Apache-2.0
/**
 * Where tokens stand in storage, and the changes that keep the entry and its indexes together: by accessor, by parent,
 * and by the minute in which a token expires. Names are HMACs, so that a listing of the storage tells nothing.
 */
import type { PlainChange } from "@sealwright/core";
import type { KnownToken, TokenEntry } from "./token.ts";

const ROOT = "sealwright/tokens/";

/** The key of the HMACs. */
export const HASH_KEY = `${ROOT}hash-key`;
/** The folder of the tokens' entries. */
export const ENTRIES = `${ROOT}id/`;
/** Folders of the tokens that expire in a minute, named by it. */
export const EXPIRIES = `${ROOT}expiry/`;
const ACCESSORS = `${ROOT}accessor/`;
const CHILDREN = `${ROOT}parent/`;

const MINUTE = 60_000;
const NOTHING = Buffer.alloc(0);

/** Where the token `id` stands. */
export function entryPath(id: string): string {
  return ENTRIES + id;
}

/** Holds the token's identifier. `accessorHash` is the accessor's HMAC. */
export function accessorPath(accessorHash: string): string {
  return ACCESSORS + accessorHash;
}

/** The folder that names the children of the token `id`. */
export function childrenFolder(id: string): string {
  return `${CHILDREN}${id}/`;
}

/** The first minute at whose beginning everything that expires at `time` has expired. */
function minuteOf(time: number): string {
  return String(Math.ceil(time / MINUTE)).padStart(10, "0");
}

/** The folder for what expires in the minute named `minute`. */
export function expiryFolder(minute: string): string {
  return `${EXPIRIES}${minute}/`;
}

/** Whether everything in the expiry folder `minute` has expired at `now`. */
export function isPast(minute: string, now: number): boolean {
  return Number(minute) * MINUTE <= now;
}

function expiryPath(id: string, expires: number): string {
  return expiryFolder(minuteOf(expires)) + id;
}

/** Stores a token that is new, with all its indexes. */
export function additions({ id, entry }: KnownToken, accessorHash: string): PlainChange[] {
  return [
    { op: "put", path: accessorPath(accessorHash), value: Buffer.from(id) },
    ...(entry.parent === undefined
      ? []
      : [{ op: "put", path: childrenFolder(entry.parent) + id, value: NOTHING } as const]),
    ...(entry.expires === undefined
      ? []
      : [{ op: "put", path: expiryPath(id, entry.expires), value: NOTHING } as const]),
    entryChange(id, entry),
  ];
}

/** Stores what has changed of a token: its uses, its expiry, or that it has no parent any more. */
export function replacements({ id, entry }: KnownToken, next: TokenEntry): PlainChange[] {
  const changes: PlainChange[] = [entryChange(id, next)];
  if (entry.parent !== undefined && next.parent === undefined) {
    changes.push({ op: "delete", path: childrenFolder(entry.parent) + id });
  }
  if (entry.expires !== next.expires) {
    if (entry.expires !== undefined) changes.push({ op: "delete", path: expiryPath(id, entry.expires) });
    if (next.expires !== undefined) changes.push({ op: "put", path: expiryPath(id, next.expires), value: NOTHING });
  }
  return changes;
}

/** Deletes a token and its indexes. */
export function removals({ id, entry }: KnownToken, accessorHash: string): PlainChange[] {
  const paths = [
    entryPath(id),
    accessorPath(accessorHash),
    ...(entry.parent === undefined ? [] : [childrenFolder(entry.parent) + id]),
    ...(entry.expires === undefined ? [] : [expiryPath(id, entry.expires)]),
  ];
  return paths.map((path) => ({ op: "delete", path }));
}

function entryChange(id: string, entry: TokenEntry): PlainChange {
  return { op: "put", path: entryPath(id), value: Buffer.from(JSON.stringify(entry)) };
}
