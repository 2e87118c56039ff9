// SPDX-License-Identifier: Apache-2.0
import { CoreError, checkShare } from "@sealwright/core";
import type { ShareNumbers } from "@sealwright/seal";
import { decodeShare } from "../endpoints/share-text.ts";

/** Which share is asked for. */
export interface ShareRequest {
  readonly kind: "unseal" | "recovery" | "break-glass";
  /** How many were given before. */
  readonly given: number;
  readonly threshold: number;
}

/** Gives the next share as text, hex or base64; asked until there are enough. */
export type ShareSource = (request: ShareRequest) => Promise<string>;

function parseShare(text: string): Buffer {
  try {
    return decodeShare(text);
  } catch (cause) {
    throw new CoreError("INVALID_SHARE", "a share is neither hex nor base64", { cause });
  }
}

/** A threshold of shares, each checked for its length and for being another. The caller wipes them. */
export async function collectShares(
  source: ShareSource,
  kind: ShareRequest["kind"],
  numbers: ShareNumbers,
): Promise<Uint8Array[]> {
  const shares: Buffer[] = [];
  while (shares.length < numbers.threshold) {
    const share = parseShare(await source({ kind, given: shares.length, threshold: numbers.threshold }));
    checkShare(share, numbers);
    if (shares.some((each) => each.equals(share))) {
      throw new CoreError("INVALID_SHARE", "the same share was given twice: give each share once");
    }
    shares.push(share);
  }
  return shares;
}

/** Overwrites shares that are no longer needed. */
export function wipe(shares: readonly Uint8Array[]): void {
  for (const share of shares) share.fill(0);
}
