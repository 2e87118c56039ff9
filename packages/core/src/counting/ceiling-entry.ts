// SPDX-License-Identifier: Apache-2.0
/** The ceiling in storage: JSON `{"term": u32, "ceiling": u64}` in a barrier entry of its own. */
import * as z from "zod";
import { openEntry, sealEntry, termOf } from "../entry.ts";
import { CoreError } from "../errors.ts";
import { parseExact, stringifyExact } from "../exact-json.ts";
import type { DataKey, Keyring } from "../keyring.ts";
import { ENCRYPTION_COUNT } from "../paths.ts";

const schema = z.object({
  term: z.bigint().min(1n).max(0xffff_ffffn).transform(Number),
  ceiling: z
    .bigint()
    .min(0n)
    .max((1n << 64n) - 1n),
});

/** A ceiling and the entry that says so, encrypted. */
export interface Ceiling {
  readonly ceiling: bigint;
  readonly entry: Uint8Array;
}

/** Encrypts the entry for `ceiling` under `key`: the caller counts that. */
export function sealCeiling({ term, key }: DataKey, ceiling: bigint): Ceiling {
  const plaintext = Buffer.from(stringifyExact({ term, ceiling }));
  return { ceiling, entry: sealEntry(term, key, ENCRYPTION_COUNT, plaintext) };
}

/**
 * The ceiling in `entry`, or undefined where it is of another term than the active one: then it says nothing. Throws
 * `ENTRY_CORRUPT`.
 */
export function openCeiling(keyring: Keyring, entry: Uint8Array): Ceiling | undefined {
  const key = keyring.keys.get(termOf(ENCRYPTION_COUNT, entry));
  if (key === undefined) return undefined;
  const plaintext = openEntry(key.key, ENCRYPTION_COUNT, entry);
  const { term, ceiling } = parse(plaintext);
  return term === keyring.active.term ? { ceiling, entry } : undefined;
}

function parse(plaintext: Buffer): z.output<typeof schema> {
  try {
    return schema.parse(parseExact(plaintext.toString("utf8")));
  } catch (cause) {
    throw new CoreError("ENTRY_CORRUPT", `${ENCRYPTION_COUNT} decrypts, but its content is no count`, { cause });
  }
}
