// SPDX-License-Identifier: Apache-2.0
/**
 * User paths as storage paths. The storage's path rule forbids segments that begin with `_` or are longer than 240
 * bytes, and users may name entries so. In a stored segment `=3d` stands for `=`, `=5f` for a leading `_`, and a `=` at
 * the very end says that the user's segment goes on in the next stored one.
 */
import type { Barrier } from "@sealwright/core";

const LONGEST = 200;
const CONTINUES = "=";

/** A character of a stored segment, or a whole escape: what may not be cut. */
const UNIT = /=[0-9a-f]{2}|[^=]/gsu;

function escapeSegment(segment: string): string {
  const safe = segment.replaceAll("=", "=3d");
  return safe.startsWith("_") ? `=5f${safe.slice(1)}` : safe;
}

function userSegment(stored: string): string {
  return stored.replaceAll("=5f", "_").replaceAll("=3d", "=");
}

function cut(stored: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const unit of stored.match(UNIT) ?? []) {
    if (Buffer.byteLength(piece) + Buffer.byteLength(unit) > LONGEST) {
      pieces.push(piece + CONTINUES);
      piece = unit === "_" ? "=5f" : unit;
    } else piece += unit;
  }
  return [...pieces, piece];
}

/** The storage path of the user's `path`, whose segments are not empty but for a last one after a trailing `/`. */
export function encodeEntryPath(path: string): string {
  return path
    .split("/")
    .flatMap((segment) => cut(escapeSegment(segment)))
    .join("/");
}

/** The user's names directly below the stored `prefix`, folders with a trailing `/`. */
export async function listEntries(barrier: Barrier, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (const stored of await barrier.list(prefix)) {
    if (!stored.endsWith(`${CONTINUES}/`)) {
      names.push(userSegment(stored));
      continue;
    }
    const head = userSegment(stored.slice(0, -`${CONTINUES}/`.length));
    for (const tail of await listEntries(barrier, prefix + stored)) names.push(head + tail);
  }
  return names;
}
