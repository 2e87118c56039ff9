// SPDX-License-Identifier: Apache-2.0
/** Tokens with the policy `root` that no other token makes: the first one, and those of a quorum. */
import type { KeyObject } from "node:crypto";
import type { PlainChange } from "@sealwright/core";
import { hashKey, hashOf, newAccessor, newHashKey, newServiceToken, type TokenEntry } from "./token.ts";
import { additions, HASH_KEY } from "./token-paths.ts";

/** A token, and what makes it valid once it is written, in whatever batch it belongs to. */
export interface NewRootToken {
  readonly token: string;
  readonly changes: readonly PlainChange[];
}

/** A root token that never expires, for a store whose tokens are hashed under `key`. */
export function newRootToken(key: KeyObject, now: Date): NewRootToken {
  const token = newServiceToken();
  const entry: TokenEntry = {
    type: "service",
    accessor: newAccessor(),
    policies: ["root"],
    displayName: "root",
    path: "auth/token/root",
    meta: null,
    created: now.getTime(),
    ttl: 0,
    renewable: false,
    explicitMaxTtl: 0,
    period: 0,
    numUses: 0,
  };
  const known = { id: hashOf(key, token), entry };
  return { token, changes: additions(known, hashOf(key, entry.accessor)) };
}

/** The first root token of a store that has had no tokens: for the batch that initialises or adopts it. */
export function firstRootToken(now: Date): NewRootToken {
  const key = newHashKey();
  const { token, changes } = newRootToken(hashKey(key), now);
  return { token, changes: [{ op: "put", path: HASH_KEY, value: key }, ...changes] };
}
