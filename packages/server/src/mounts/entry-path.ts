// SPDX-License-Identifier: Apache-2.0
/**
 * User paths as storage paths. The storage's path rule forbids segments that begin with `_`, are `.` or `..`, or are
 * longer than 240 bytes, and users may name entries so. In a stored segment `=3d` stands for `=`, `=5f` for a leading
 * `_`, `=2e` for a leading `.`, and a `=` at the very end says that the user's segment goes on in the next stored one.
 */
import type { Barrier } from "@sealwright/core";
import { HttpError } from "../http/problem.ts";

/** Bytes of a stored segment, without the `=` at its end. */
const LONGEST_SEGMENT = 200;
/** Bytes of what is stored for a user's path: the storage's 1,024, less what the server puts in front. */
const LONGEST_PATH = 900;
const CONTINUES = "=";

/** What is stored as it is: short segments without anything to escape, which is what users mostly write. */
const PLAIN = /^(?:[A-Za-z0-9-][\w.-]{0,199}\/)*(?:[A-Za-z0-9-][\w.-]{0,199})?$/;

/** A character of a stored segment, or a whole escape: what may not be cut. */
const UNIT = /=[0-9a-f]{2}|[^=]/gsu;
const LEADING: Readonly<Record<string, string>> = { _: "=5f", ".": "=2e" };

/** Cutting makes new beginnings, which are escaped as well. */
function cut(segment: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  let bytes = 0;
  for (const plain of segment.replaceAll("=", "=3d").match(UNIT) ?? []) {
    let unit = bytes === 0 ? (LEADING[plain] ?? plain) : plain;
    if (bytes + Buffer.byteLength(unit) > LONGEST_SEGMENT) {
      pieces.push(piece + CONTINUES);
      unit = LEADING[plain] ?? plain;
      piece = "";
      bytes = 0;
    }
    piece += unit;
    bytes += Buffer.byteLength(unit);
  }
  return [...pieces, piece];
}

function userSegment(stored: string): string {
  return stored.replaceAll("=5f", "_").replaceAll("=2e", ".").replaceAll("=3d", "=");
}

/**
 * The storage path of the user's `path`, whose segments are not empty but for a last one after a trailing `/`. Throws
 * 400 where a segment is empty or the path is too long to be stored.
 */
export function encodeEntryPath(path: string): string {
  if (path.length > LONGEST_PATH) refuseLength();
  if (PLAIN.test(path)) return path;
  const segments = path.split("/");
  if (segments.slice(0, -1).includes("")) throw new HttpError(400, "the path has an empty segment");
  const stored = segments.flatMap(cut).join("/");
  if (Buffer.byteLength(stored) > LONGEST_PATH) refuseLength();
  return stored;
}

function refuseLength(): never {
  throw new HttpError(
    400,
    `the path is too long: ${LONGEST_PATH} bytes can be stored, and = and a leading _ or . count three each`,
  );
}

/** The user's names directly below the stored `prefix`, folders with a trailing `/`, ascending by UTF-8 bytes. */
export async function listEntries(barrier: Barrier, prefix: string): Promise<string[]> {
  const names = await collect(barrier, prefix);
  return names.length < 2
    ? names
    : names
        .map((name) => Buffer.from(name))
        .sort(Buffer.compare)
        .map(String);
}

async function collect(barrier: Barrier, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (const stored of await barrier.list(prefix)) {
    if (!stored.endsWith(`${CONTINUES}/`)) {
      names.push(userSegment(stored));
      continue;
    }
    const head = userSegment(stored.slice(0, -`${CONTINUES}/`.length));
    for (const tail of await collect(barrier, prefix + stored)) names.push(head + tail);
  }
  return names;
}
