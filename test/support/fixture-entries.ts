// SPDX-License-Identifier: Apache-2.0
/** What the storage directories under `test/fixtures` hold, decrypted by OpenBao 2.6.2. */
import { readFileSync } from "node:fs";

/** An entry of a recorded directory with its plaintext. */
export interface FixtureEntry {
  readonly path: string;
  readonly term: number;
  readonly plaintext_hex: string;
}

/** The barrier entries of the fixture `name`; those that stand outside the barrier are left out. */
export function fixtureEntries(name: "shamir" | "static"): FixtureEntry[] {
  const url = new URL(`../vectors/fixture-${name}-entries.json`, import.meta.url);
  const { entries } = JSON.parse(readFileSync(url, "utf8")) as {
    entries: (FixtureEntry | { readonly note: string })[];
  };
  return entries.filter((entry): entry is FixtureEntry => !("note" in entry));
}
