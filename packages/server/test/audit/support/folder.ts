// SPDX-License-Identifier: Apache-2.0
/** A folder for one test, and reading audit files in it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sealwright-audit-"));
  folders.push(folder);
  return folder;
}

/** A line as the tests look at it. */
export interface Line {
  readonly time: string;
  readonly type: string;
  readonly auth?: { readonly accessor?: string; readonly display_name?: string };
  readonly request?: { readonly id: string; readonly path: string; readonly operation: string; readonly data?: object };
  readonly response?: { readonly status?: number; readonly data?: Record<string, unknown> };
  readonly error?: string;
  readonly note?: {
    readonly name: string;
    readonly by?: string;
    readonly finding?: string;
    readonly anchored?: boolean;
  };
  readonly chain: { readonly line: number; readonly previous: string };
}

export function textLines(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}

export function linesIn(path: string): Line[] {
  return textLines(path).map((line) => JSON.parse(line) as Line);
}

export function notesIn(path: string): NonNullable<Line["note"]>[] {
  return linesIn(path).flatMap(({ note }) => note ?? []);
}

/** Replaces the lines of a file by what `edit` makes of them. */
export function editLines(path: string, edit: (lines: string[]) => string[]): void {
  const lines = edit(textLines(path));
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
}
