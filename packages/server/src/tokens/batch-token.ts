// SPDX-License-Identifier: Apache-2.0
/**
 * Batch tokens: `b.` and, in base64url, the token's entry under the active data key, in the form of a barrier entry.
 * Nothing is stored; the encryption counts as any other, and a rotation leaves earlier tokens readable.
 */
import { type Barrier, openEntry, termOf } from "@sealwright/core";
import { type TokenEntry, tokenEntrySchema } from "./token.ts";

const PREFIX = "b.";
/** Stands in the additional data, so that no stored entry passes for a token. Nothing is ever stored there. */
const PATH = "sealwright/tokens/batch";
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Whether `token` has the form of a batch token. */
export function isBatchToken(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** The token that `entry` is. Rejects with `SEALED`. */
export async function sealBatchToken(barrier: Barrier, entry: TokenEntry): Promise<string> {
  const sealed = await barrier.encrypt(PATH, Buffer.from(JSON.stringify(entry)));
  return PREFIX + Buffer.from(sealed).toString("base64url");
}

/** The entry in `token`, or undefined where this store did not make it. Throws `SEALED`. */
export function openBatchToken(barrier: Barrier, token: string): TokenEntry | undefined {
  const text = token.slice(PREFIX.length);
  if (!BASE64URL.test(text)) return undefined;
  const { keys } = barrier.keyring;
  try {
    const sealed = Buffer.from(text, "base64url");
    const key = keys.get(termOf(PATH, sealed))?.key;
    if (key === undefined) return undefined;
    return tokenEntrySchema.parse(JSON.parse(openEntry(key, PATH, sealed).toString("utf8")));
  } catch {
    // Cut short, altered, of another store, or another thing altogether: no token in any case.
    return undefined;
  }
}
