// SPDX-License-Identifier: Apache-2.0
/** Where we answer otherwise than the recorded server on purpose, with the reason: `differences.json`. */
import { readFileSync } from "node:fs";
import type { RecordingName } from "./recording.ts";
import type { Outcome } from "./replay.ts";

/** In `rows` and `lines` a `*` stands for any text. */
export interface KnownDifference {
  /** All of them unless given. */
  readonly recordings?: readonly RecordingName[];
  /** The names of rows. */
  readonly rows: readonly string[];
  /** What differs, as a replay reports it. */
  readonly lines: readonly string[];
  readonly reason: string;
}

/** A line of a replay with the row that it is about. */
export interface Found {
  readonly recording: RecordingName;
  readonly row: string;
  readonly line: string;
}

/** What `differences.json` lists. */
export const knownDifferences = JSON.parse(
  readFileSync(new URL("./differences.json", import.meta.url), "utf8"),
) as readonly KnownDifference[];

/** Whether `text` is what `pattern` says, `*` standing for any text. */
function fits(pattern: string, text: string): boolean {
  const literal = pattern.split("*").map((part) => RegExp.escape(part));
  return new RegExp(`^${literal.join(".*")}$`, "s").test(text);
}

/** The lines of a replay, row by row. */
export function linesOf(recording: RecordingName, outcomes: readonly Outcome[]): Found[] {
  return outcomes.flatMap(({ row, differences }) => differences.map((line) => ({ recording, row: row.name, line })));
}

/** Whether `known` is about `found`. */
export function explains({ recordings, rows, lines }: KnownDifference, { recording, row, line }: Found): boolean {
  return (
    (recordings === undefined || recordings.includes(recording)) &&
    rows.some((pattern) => fits(pattern, row)) &&
    lines.some((pattern) => fits(pattern, line))
  );
}

/** The patterns and recordings of `known` that nothing in `found` needs any more. */
export function unusedParts(known: KnownDifference, found: readonly Found[]): string[] {
  const explained = found.filter((each) => explains(known, each));
  return [
    ...(known.recordings ?? []).filter((name) => !explained.some(({ recording }) => recording === name)),
    ...known.rows.filter((pattern) => !explained.some(({ row }) => fits(pattern, row))),
    ...known.lines.filter((pattern) => !explained.some(({ line }) => fits(pattern, line))),
  ];
}
