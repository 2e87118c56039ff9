// SPDX-License-Identifier: Apache-2.0
/** The life of tokens: made, looked up, used, renewed, revoked. Each change is one batch; changes follow each other. */
import { type Barrier, Mutex, type SealedStore } from "@sealwright/core";
import { HttpError } from "../http/problem.ts";
import { isBatchToken, openBatchToken, sealBatchToken } from "./batch-token.ts";
import { type NewRootToken, newRootToken } from "./root-token.ts";
import { hashKey, type KnownToken, newAccessor, newServiceToken, type TokenEntry, type TokenType } from "./token.ts";
import { TokenBatch, TokenEntries } from "./token-entries.ts";
import { ENTRIES, EXPIRIES, expiryFolder, HASH_KEY, isPast } from "./token-paths.ts";
import type { TokenPlan } from "./token-request.ts";
import { effectiveTtl, type LeaseLimits } from "./ttl.ts";

/** Longer texts are no tokens: beyond it a header would not reach us anyway. */
const LONGEST_TOKEN = 8_192;
/** Tokens made by tokens made by tokens: more is no way of working, and every use asks after all of them. */
const MOST_ANCESTORS = 100;
/** Expired tokens that are deleted in one batch, their trees besides. */
const SWEPT_TOGETHER = 256;

/** What tokens live in, and for how long. */
export interface TokenStoreOptions {
  readonly store: SealedStore;
  readonly limits: LeaseLimits;
  readonly now: () => Date;
  /** Told of every token that `create` made: `vault.token.creation`, by type. */
  readonly onTokenCreated?: (type: TokenType) => void;
}

/** A token that was just made: the only time its text is known. */
export interface CreatedToken {
  readonly token: string;
  readonly entry: TokenEntry;
}

/** A token after its renewal, and what was not done as asked. */
export interface RenewedToken {
  readonly entry: TokenEntry;
  readonly warnings: readonly string[];
}

function refuse(sentence: string): never {
  throw new HttpError(400, sentence);
}

/** Makes, finds, renews and revokes tokens. */
export class TokenStore {
  readonly #options: TokenStoreOptions;
  readonly #changes = new Mutex();
  #opened: TokenEntries | undefined;

  constructor(options: TokenStoreOptions) {
    this.#options = options;
  }

  get limits(): LeaseLimits {
    return this.#options.limits;
  }

  /** Milliseconds since the epoch, by the store's clock. */
  get now(): number {
    return this.#options.now().getTime();
  }

  /** The token that `text` is, if it is valid now and so are all it descends from. Throws `SEALED`. */
  async lookup(text: string): Promise<KnownToken | undefined> {
    if (text.length === 0 || text.length > LONGEST_TOKEN) return undefined;
    const entries = await this.#entries();
    if (entries === undefined) return undefined;
    const id = entries.idOf(text);
    if (!isBatchToken(text)) return this.#ifValid(entries, await entries.get(id));
    const entry = openBatchToken(entries.barrier, text);
    return entry === undefined ? undefined : this.#ifValid(entries, { id, entry });
  }

  async lookupAccessor(accessor: string): Promise<KnownToken | undefined> {
    const entries = await this.#entries();
    return entries === undefined ? undefined : this.#ifValid(entries, await entries.byAccessor(accessor));
  }

  /** As `lookup`, and counts a use where they are limited. The last use deletes the token: it is valid for this one. */
  async use(text: string): Promise<KnownToken | undefined> {
    const known = await this.lookup(text);
    if (known === undefined || known.entry.numUses === 0) return known;
    return this.#change(async (entries) => {
      // Again, since others may have used it while this one waited.
      const current = await this.#ifValid(entries, await entries.get(known.id));
      if (current === undefined) return undefined;
      const batch = new TokenBatch(entries.key);
      if (current.entry.numUses === 1) batch.remove(current);
      else batch.replace(current, { ...current.entry, numUses: current.entry.numUses - 1 });
      await entries.commit(batch);
      return current;
    });
  }

  /** Makes the token of `plan`. Throws 403 where its parent is gone, 400 where it is not to be. */
  async create(plan: TokenPlan): Promise<CreatedToken> {
    const created = await this.#change((entries) => this.#create(entries, plan));
    this.#options.onTokenCreated?.(created.entry.type);
    return created;
  }

  /** A root token that becomes valid with the changes: for the caller to write. Throws `SEALED`. */
  async newRootToken(): Promise<NewRootToken> {
    const entries = await this.#entries();
    return entries === undefined ? refuse(NO_TOKENS) : newRootToken(entries.key, this.#options.now());
  }

  /** Lets a token live on, for `increment` milliseconds or as long as it was made for. Throws 400 where it may not. */
  async renew({ id, entry }: KnownToken, increment: number): Promise<RenewedToken> {
    if (entry.type === "batch") refuse("batch tokens cannot be renewed");
    return this.#change(async (entries) => {
      const current = (await this.#ifValid(entries, await entries.get(id))) ?? refuse("token not found");
      if (current.entry.expires === undefined) refuse("invalid lease ID");
      if (!current.entry.renewable) refuse("lease is not renewable");
      const { ttl, warnings } = effectiveTtl({ ...current.entry, increment }, this.limits, this.now);
      if (ttl <= 0) refuse("past the max TTL, cannot renew");
      const next = { ...current.entry, expires: this.now + ttl, renewed: this.now };
      const batch = new TokenBatch(entries.key);
      batch.replace(current, next);
      await entries.commit(batch);
      return { entry: next, warnings };
    });
  }

  /** Deletes a token and all that descend from it. */
  async revoke({ id, entry }: KnownToken): Promise<void> {
    if (entry.type === "batch") refuse("batch tokens cannot be revoked");
    return this.#change((entries) => this.#removeTrees(entries, [id]));
  }

  /** Deletes a token; its children live on without a parent. */
  async revokeOrphan({ id, entry }: KnownToken): Promise<void> {
    if (entry.type === "batch") refuse("batch tokens cannot be revoked");
    return this.#change(async (entries) => {
      const current = await entries.get(id);
      if (current === undefined) return;
      const batch = new TokenBatch(entries.key);
      for (const child of await entries.children(id)) {
        const { parent: _, ...orphan } = child.entry;
        batch.replace(child, orphan);
      }
      batch.remove(current);
      await entries.commit(batch);
    });
  }

  /** The accessors of all valid service tokens, sorted. */
  async accessors(): Promise<string[]> {
    const entries = await this.#entries();
    if (entries === undefined) return [];
    const accessors: string[] = [];
    for (const id of await entries.barrier.list(ENTRIES)) {
      const known = await this.#ifValid(entries, await entries.get(id));
      if (known !== undefined) accessors.push(known.entry.accessor);
    }
    return accessors.sort();
  }

  /** Deletes what has expired, and all that descends from it. It was invalid from the moment it expired. */
  async sweep(): Promise<void> {
    const entries = await this.#entries();
    if (entries === undefined) return;
    for (const folder of await entries.barrier.list(EXPIRIES)) {
      const minute = folder.replace(/\/$/, "");
      if (!isPast(minute, this.now)) return;
      const ids = await entries.barrier.list(expiryFolder(minute));
      for (let start = 0; start < ids.length; start += SWEPT_TOGETHER) {
        await this.#change((current) => this.#removeTrees(current, ids.slice(start, start + SWEPT_TOGETHER)));
      }
    }
  }

  async #create(entries: TokenEntries, { entry, chosen }: TokenPlan): Promise<CreatedToken> {
    await this.#checkParent(entries, entry);
    if (entry.type === "batch") {
      const token = await sealBatchToken(entries.barrier, entry);
      if (token.length > LONGEST_TOKEN) refuse("a batch token carries its policies and metadata: give it fewer");
      return { token, entry };
    }
    const token = chosen ?? newServiceToken();
    const known = { id: entries.idOf(token), entry: { ...entry, accessor: newAccessor() } };
    if ((await entries.get(known.id)) !== undefined) refuse("cannot create a token with a duplicate ID");
    const batch = new TokenBatch(entries.key);
    batch.add(known);
    await entries.commit(batch);
    return { token, entry: known.entry };
  }

  async #checkParent(entries: TokenEntries, { parent }: TokenEntry): Promise<void> {
    if (parent === undefined) return;
    const known = await this.#ifValid(entries, await entries.get(parent));
    if (known === undefined) throw new HttpError(403, "permission denied");
    let ancestors = 1;
    for (let each = known; each.entry.parent !== undefined; ancestors++) {
      const next = await entries.get(each.entry.parent);
      if (next === undefined) return;
      each = next;
    }
    if (ancestors >= MOST_ANCESTORS) refuse(`tokens are nested at most ${MOST_ANCESTORS} deep: create an orphan`);
  }

  async #removeTrees(entries: TokenEntries, ids: readonly string[]): Promise<void> {
    const doomed = new Map<string, KnownToken>();
    for (const id of ids) {
      const known = await entries.get(id);
      if (known === undefined) continue;
      for (const each of await entries.tree(known)) doomed.set(each.id, each);
    }
    if (doomed.size === 0) return;
    const batch = new TokenBatch(entries.key);
    for (const each of doomed.values()) batch.remove(each);
    await entries.commit(batch);
  }

  /** `known`, unless it or one that it descends from has expired or is gone. */
  async #ifValid(entries: TokenEntries, known: KnownToken | undefined): Promise<KnownToken | undefined> {
    const { now } = this;
    let each = known;
    while (each !== undefined && (each.entry.expires === undefined || now < each.entry.expires)) {
      if (each.entry.parent === undefined) return known;
      each = await entries.get(each.entry.parent);
    }
    return undefined;
  }

  #change<Result>(work: (entries: TokenEntries) => Promise<Result>): Promise<Result> {
    return this.#changes.run(async () => work((await this.#entries()) ?? refuse(NO_TOKENS)));
  }

  /** Undefined where the store has no tokens: OpenBao or Vault wrote it, and it was not adopted. */
  async #entries(): Promise<TokenEntries | undefined> {
    const { barrier } = this.#options.store;
    if (this.#opened?.barrier === barrier) return this.#opened;
    return this.#open(barrier);
  }

  async #open(barrier: Barrier): Promise<TokenEntries | undefined> {
    const key = await barrier.get(HASH_KEY);
    if (key === undefined) return undefined;
    // Another request may have opened it meanwhile: all must share one cache.
    if (this.#opened?.barrier !== barrier) this.#opened = new TokenEntries(barrier, hashKey(key));
    return this.#opened;
  }
}

const NO_TOKENS = "this storage has no tokens of ours: adopt it first";
