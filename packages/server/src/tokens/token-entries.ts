// SPDX-License-Identifier: Apache-2.0
/** The stored tokens of one open barrier, read through a cache that every change goes through too. */
import { hash, type KeyObject, randomBytes } from "node:crypto";
import type { Barrier, PlainChange } from "@sealwright/core";
import { hashOf, type KnownToken, type TokenEntry, tokenEntrySchema } from "./token.ts";
import { accessorPath, additions, childrenFolder, entryPath, removals, replacements } from "./token-paths.ts";

/** Tokens kept in memory; the rest are read again. */
const MOST_CACHED = 10_000;

/** Changes of tokens that are committed together. */
export class TokenBatch {
  readonly changes: PlainChange[] = [];
  readonly touched = new Set<string>();
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  add(token: KnownToken): void {
    this.changes.push(...additions(token, hashOf(this.#key, token.entry.accessor)));
    this.touched.add(token.id);
  }

  replace(token: KnownToken, next: TokenEntry): void {
    this.changes.push(...replacements(token, next));
    this.touched.add(token.id);
  }

  remove(token: KnownToken): void {
    this.changes.push(...removals(token, hashOf(this.#key, token.entry.accessor)));
    this.touched.add(token.id);
  }
}

/** Token entries in the storage. */
export class TokenEntries {
  readonly barrier: Barrier;
  readonly key: KeyObject;
  readonly #cache = new Map<string, KnownToken>();
  /** Names in storage by a digest of the secret: it is quicker than the HMAC, and never leaves this process. */
  readonly #ids = new Map<string, string>();
  readonly #salt = randomBytes(32).toString("hex");
  // Counts commits, so that what was read before one is not cached after it.
  #commits = 0;

  constructor(barrier: Barrier, key: KeyObject) {
    this.barrier = barrier;
    this.key = key;
  }

  /** The name in storage of a token or an accessor. */
  idOf(secret: string): string {
    const digest = hash("sha256", this.#salt + secret);
    const known = this.#ids.get(digest);
    if (known !== undefined) return known;
    const id = hashOf(this.key, secret);
    remember(this.#ids, digest, id);
    return id;
  }

  /** What is stored of the token `id`, expired or not. */
  async get(id: string): Promise<KnownToken | undefined> {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const commits = this.#commits;
    const bytes = await this.barrier.get(entryPath(id));
    if (bytes === undefined) return undefined;
    const known = { id, entry: tokenEntrySchema.parse(JSON.parse(bytes.toString("utf8"))) };
    if (commits === this.#commits) remember(this.#cache, id, known);
    return known;
  }

  async byAccessor(accessor: string): Promise<KnownToken | undefined> {
    const id = await this.barrier.get(accessorPath(this.idOf(accessor)));
    return id === undefined ? undefined : this.get(id.toString("utf8"));
  }

  async children(id: string): Promise<KnownToken[]> {
    const ids = await this.barrier.list(childrenFolder(id));
    const children = await Promise.all(ids.map((child) => this.get(child)));
    return children.filter((child) => child !== undefined);
  }

  /** All that descend from `token`, itself first. */
  async tree(token: KnownToken): Promise<KnownToken[]> {
    const found = [token];
    for (const each of found) for (const child of await this.children(each.id)) found.push(child);
    return found;
  }

  /** Writes all of `batch` or nothing. */
  async commit(batch: TokenBatch): Promise<void> {
    await this.barrier.write(batch.changes);
    this.#commits++;
    for (const id of batch.touched) this.#cache.delete(id);
  }
}

function remember<Value>(cache: Map<string, Value>, key: string, value: Value): void {
  const [oldest] = cache.keys();
  if (cache.size >= MOST_CACHED && oldest !== undefined) cache.delete(oldest);
  cache.set(key, value);
}
