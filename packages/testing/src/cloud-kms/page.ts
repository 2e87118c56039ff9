// SPDX-License-Identifier: Apache-2.0
import { invalidArgument } from "./status.ts";

const LARGEST = 1_000;
const USUAL = 100;

/** The part of a List request that says which page is meant. */
export interface PageRequest {
  /** 0 for the usual size. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
}

/** The part of a List response that says what else there is. */
export interface Page {
  /** Empty on the last page. */
  readonly nextPageToken: string;
  readonly totalSize: number;
}

/** The page of `all` that a request means. A token is the index at which its page begins. */
export function page<Item>(
  all: readonly Item[],
  { pageSize, pageToken }: PageRequest,
): Page & { readonly items: Item[] } {
  const start = pageToken === "" ? 0 : Number(pageToken);
  if (!Number.isSafeInteger(start) || start < 0) throw invalidArgument("page_token is not one that was given out.");
  if (pageSize < 0) throw invalidArgument("page_size is negative.");
  const end = start + Math.min(pageSize === 0 ? USUAL : pageSize, LARGEST);
  return {
    items: all.slice(start, end),
    nextPageToken: end < all.length ? String(end) : "",
    totalSize: all.length,
  };
}
