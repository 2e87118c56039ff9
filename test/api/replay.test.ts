// SPDX-License-Identifier: Apache-2.0
import { beforeAll, describe, expect, test } from "vitest";
import { explains, type Found, knownDifferences, linesOf, unusedParts } from "./known-differences.ts";
import { familyOf, RECORDINGS, type RecordingName, readRecording } from "./recording.ts";
import { type Outcome, replay } from "./replay.ts";

const outcomes = new Map<RecordingName, readonly Outcome[]>();
const outcomesOf = (name: RecordingName): readonly Outcome[] => outcomes.get(name) ?? [];

function found(): Found[] {
  return RECORDINGS.flatMap((name) => linesOf(name, outcomesOf(name)));
}

beforeAll(async () => {
  for (const name of RECORDINGS) outcomes.set(name, await replay(name));
}, 120_000);

describe.each(RECORDINGS)("the recording with a %s seal", (name) => {
  const families = [...new Set(readRecording(name).map(familyOf))];

  test("is replayed to its last row", () => {
    expect(outcomesOf(name)).toHaveLength(readRecording(name).length);
  });

  test.each(families)("%s: status and shape are as recorded, or differ for a listed reason", (family) => {
    const rows = outcomesOf(name).filter(({ row }) => familyOf(row) === family);
    const unexplained = linesOf(name, rows).filter((line) => !knownDifferences.some((each) => explains(each, line)));
    expect(rows).not.toHaveLength(0);
    expect(unexplained.map(({ row, line }) => `${row}: ${line}`)).toEqual([]);
  });
});

describe("the list of differences", () => {
  test.each(knownDifferences.map((each) => [each.rows.join(", "), each] as const))(
    "%s: still differs as listed",
    (_, known) => {
      expect(unusedParts(known, found())).toEqual([]);
    },
  );

  test("has a reason for each, and none of them is that something is missing yet", () => {
    for (const { reason } of knownDifferences) expect(reason).toMatch(/^(?!.*\b(?:not done|todo|yet|later)\b).{30,}$/i);
  });
});
