// SPDX-License-Identifier: Apache-2.0
import type { Change } from "@sealwright/core";

/** Names of what breaks the path rule, and paths that do. */
export const BAD_PATHS: Readonly<Record<string, readonly string[]>> = {
  "an empty path or segment": ["", "/", "/a", "a/", "a//b"],
  "a way out of the folder": [".", "..", "../a", "a/..", "a/../b", "a/./b", "./a", "../../../../etc/passwd"],
  "a control character": ["a\0b", "a\0/../b", "a\nb", "a/\tb", "\u007f", "a\u0085", "\u001b[2J"],
  "text without a UTF-8 form": ["\ud800", "a/\udfffb", "\udc00\ud800"],
  "a segment that begins with _": ["_", "_a", "a/_b", "_a/b", "a/_/b"],
  "a segment longer than 240 bytes": ["a".repeat(241), `a/${"b".repeat(241)}/c`, "é".repeat(121), "🔑".repeat(61)],
  "more than 1024 bytes": [`${"a/".repeat(512)}b`, Array.from({ length: 5 }, () => "c".repeat(240)).join("/")],
  "the storage's own folder": [".sealwright", ".sealwright/lock", ".sealwright/journal"],
};

/** Prefixes that are none: not ending in `/`, or a bad path before it. */
export const BAD_PREFIXES = [
  "a",
  "a/b",
  "/",
  "//",
  "a//",
  "../",
  "a/../",
  "./",
  "_a/",
  "a\0/",
  "\ud800/",
  ".sealwright/",
  `${"a".repeat(241)}/`,
];

/** Paths at the edges of the rule, on its right side. */
export const GOOD_PATHS = [
  "a",
  "a".repeat(240),
  `${Array.from({ length: 4 }, () => "d".repeat(240)).join("/")}/${"e".repeat(60)}`,
  "🔑".repeat(60),
  "...",
  "a..b",
  ".hidden/.x",
  "a_/b_c",
  "x.temp",
  "with space/ and more ",
  "%2e%2e/%2f",
  "back\\slash",
  "C:",
  "quote\"'`/$(id)/*?",
  ".sealwright-not/a",
];

/** A change that puts `value`, a text in UTF-8, at `path`. */
export function put(path: string, value: Uint8Array | string): Change {
  return { op: "put", path, value: typeof value === "string" ? Buffer.from(value) : value };
}

/** A change that deletes `path`. */
export function remove(path: string): Change {
  return { op: "delete", path };
}

/** `length` bytes in which every byte value comes, without a period that blocks or pages share. */
export function variedBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Numbers below `bound`, the same ones for the same seed. */
export function dice(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * bound);
  };
}
