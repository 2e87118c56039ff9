// SPDX-License-Identifier: Apache-2.0
/** Where tokens live: below `sealwright/tokens/`, by HMAC. Read through a cache that is gone when the store is sealed. */
import type { KeyObject } from "node:crypto";
import type { Barrier, PlainChange, SealedStore } from "@sealwright/core";
import { z } from "zod";
import { hashKey, hashOf, newAccessor, newHashKey, newServiceToken, type TokenEntry } from "./token.ts";

const HASH_KEY = "sealwright/tokens/hash-key";
const BY_ID = "sealwright/tokens/id/";

const LONGEST_TOKEN = 1024;

const entrySchema: z.ZodType<TokenEntry> = z.object({
  accessor: z.string(),
  policies: z.array(z.string()),
  displayName: z.string(),
  path: z.string(),
  creationTime: z.number(),
});

interface Opened {
  readonly barrier: Barrier;
  readonly key: KeyObject;
  readonly entries: Map<string, TokenEntry>;
}

/** The entries of a new store's first token, for the batch that initialises it. */
export function firstRootToken(now: Date): { token: string; changes: PlainChange[] } {
  const key = newHashKey();
  const token = newServiceToken();
  const entry: TokenEntry = {
    accessor: newAccessor(),
    policies: ["root"],
    displayName: "root",
    path: "auth/token/root",
    creationTime: Math.floor(now.getTime() / 1000),
  };
  const path = BY_ID + hashOf(hashKey(key), token);
  return {
    token,
    changes: [
      { op: "put", path: HASH_KEY, value: key },
      { op: "put", path, value: Buffer.from(JSON.stringify(entry)) },
    ],
  };
}

export class TokenStore {
  readonly #store: SealedStore;
  #opened: Opened | undefined;

  constructor(store: SealedStore) {
    this.#store = store;
  }

  /** What is known of `token`, or undefined where there is no such token. Throws `SEALED`. */
  async lookup(token: string): Promise<TokenEntry | undefined> {
    if (token.length === 0 || token.length > LONGEST_TOKEN) return undefined;
    const opened = await this.#open();
    if (opened === undefined) return undefined;
    const id = hashOf(opened.key, token);
    const known = opened.entries.get(id);
    if (known !== undefined) return known;
    const bytes = await opened.barrier.get(BY_ID + id);
    if (bytes === undefined) return undefined;
    const entry = entrySchema.parse(JSON.parse(bytes.toString("utf8")));
    opened.entries.set(id, entry);
    return entry;
  }

  async #open(): Promise<Opened | undefined> {
    const { barrier } = this.#store;
    if (this.#opened?.barrier === barrier) return this.#opened;
    const key = await barrier.get(HASH_KEY);
    if (key === undefined) return undefined;
    this.#opened = { barrier, key: hashKey(key), entries: new Map() };
    return this.#opened;
  }
}
