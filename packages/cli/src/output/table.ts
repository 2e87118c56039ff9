// SPDX-License-Identifier: Apache-2.0
/** One line of a table, cell by cell. */
export type Row = readonly string[];

const GAP = "    ";
const EMPTY = "n/a";

/** Lines whose cells stand under each other, four spaces apart; an empty cell reads `n/a`. No newline at the end. */
export function columns(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.trim() || EMPTY));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...cells.map((row) => width(row[at] ?? ""))));
  return cells.map((row) => row.map((cell, at) => pad(cell, at, row.length)).join("")).join("\n");

  function pad(cell: string, at: number, cellsInRow: number): string {
    return at === cellsInRow - 1 ? cell : cell + " ".repeat(widths[at]! - width(cell)) + GAP;
  }
}

/** Lines under a heading, which is underlined with dashes. */
export function table(heading: Row, rows: readonly Row[]): string {
  return columns([heading, heading.map((cell) => "-".repeat(width(cell))), ...rows]);
}

/** The table that most commands print: keys and values. */
export function keyValueTable(rows: readonly Row[]): string {
  return table(["Key", "Value"], rows);
}

/** A title between equals signs about as wide as the key-value table of these keys. */
export function tableTitle(title: string, keys: readonly string[]): string {
  return titleOfWidth(title, Math.max(0, ...keys.map(width)) + GAP.length + "Value".length);
}

/** A title between equals signs, `total` columns wide, or one more; at least two signs on each side. */
export function titleOfWidth(title: string, total: number): string {
  const free = total - (width(title) + 2);
  const signs = "=".repeat(free <= 0 ? 2 : Math.ceil(free / 2));
  return `${signs} ${title} ${signs}`;
}

function width(text: string): number {
  return [...text].length;
}
