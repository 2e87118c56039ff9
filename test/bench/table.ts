// SPDX-License-Identifier: Apache-2.0
/** One figure beside its yardstick. */
export interface Row {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** What it is compared with, and that one's figure from the same run. */
  readonly yardstick?: { readonly what: string; readonly figure: number };
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

/** The rows in columns, ratios last. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, figure, unit, yardstick }) => [
    what,
    `${round(figure)} ${unit}`,
    yardstick === undefined ? "" : `${round(figure / yardstick.figure)} of ${yardstick.what}`,
    yardstick === undefined ? "" : `(${round(yardstick.figure)} ${unit})`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
