// SPDX-License-Identifier: Apache-2.0
/** Keeps `docs/seals/<type>.md` true: its tables are compared with what the plugin declares and says. */
import { readFileSync } from "node:fs";
import { type ConfigFields, settingsTable } from "@sealwright/seal";

function documentOf(type: string): string {
  return readFileSync(new URL(`../../docs/seals/${type}.md`, import.meta.url), "utf8");
}

// The formatter pads the columns of tables.
function withoutPadding(table: string): string {
  return table.replace(/ +\|/g, " |").replace(/-{3,}/g, "---");
}

/**
 * Compares the settings table between its two markers with what the plugin's declaration gives. Throws with the
 * expected table, ready to be pasted, when they differ.
 */
export function checkSettingsTable(type: string, fields: ConfigFields): void {
  const text = documentOf(type);
  const [begin, end] = [`<!-- settings:${type} -->\n`, `\n<!-- /settings:${type} -->`];
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start < 0 || stop < start) {
    throw new Error(`docs/seals/${type}.md has no table between ${begin.trim()} and ${end.trim()}`);
  }
  const expected = settingsTable(fields);
  if (withoutPadding(text.slice(start + begin.length, stop)).trim() === expected) return;
  throw new Error(`the settings table of docs/seals/${type}.md is not that of the plugin, which is:\n\n${expected}\n`);
}

/** An error as the documentation's table describes it; `…` in a quotation stands for any text. */
interface DocumentedError {
  readonly code: string;
  readonly quotation: string;
  readonly pattern: RegExp;
}

function documentedErrors(type: string): DocumentedError[] {
  return [...documentOf(type).matchAll(/^\| `(SEAL_\w+)` +\| `([^`]+)`/gm)].map(([, code = "", quotation = ""]) => {
    const literal = quotation.split("…").map((part) => RegExp.escape(part));
    return { code, quotation, pattern: new RegExp(literal.join(".*")) };
  });
}

/**
 * Compares the error table with errors that a test provoked: each must be documented, and each that is documented must
 * have been provoked. Throws with what is missing on either side.
 */
export function checkErrorTable(type: string, provoked: readonly { code: string; message: string }[]): void {
  const documented = documentedErrors(type);
  const fits = ({ code, pattern }: DocumentedError, error: { code: string; message: string }): boolean =>
    code === error.code && pattern.test(error.message);
  const missing = provoked.filter((error) => !documented.some((row) => fits(row, error)));
  const obsolete = documented.filter((row) => !provoked.some((error) => fits(row, error)));
  if (missing.length === 0 && obsolete.length === 0) return;
  const lines = [
    ...missing.map((error) => `not documented: ${error.code}: ${error.message}`),
    ...obsolete.map((row) => `documented but not provoked: ${row.code}: ${row.quotation}`),
  ];
  throw new Error(`the error table of docs/seals/${type}.md is not right:\n${lines.join("\n")}\n`);
}
