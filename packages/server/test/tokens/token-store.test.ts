// SPDX-License-Identifier: Apache-2.0
import { SealedStore, type Storage } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openMemoryStorage } from "@sealwright/storage/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstRootToken } from "../../src/tokens/root-token.ts";
import type { TokenType } from "../../src/tokens/token.ts";
import { planToken, tokenFields } from "../../src/tokens/token-request.ts";
import { TokenStore } from "../../src/tokens/token-store.ts";

const limits = { defaultTtl: 3_600_000, maxTtl: 7_200_000 };

/** A token store over a storage whose writes can be made to fail, with a clock that stands still until told. */
async function openTokens() {
  const memory = openMemoryStorage();
  const disk = { fails: false, time: Date.parse("2030-01-01T00:00:00Z") };
  const storage: Storage = {
    type: "memory",
    get: (path) => memory.get(path),
    list: (prefix) => memory.list(prefix),
    write: (batch) => (disk.fails ? Promise.reject(new Error("the disk is full")) : memory.write(batch)),
    close: () => memory.close(),
  };
  const store = new SealedStore({ storage, shares: shamir });
  const first = firstRootToken(new Date(disk.time));
  const beforeCommit = async () => first.changes;
  const shares = await store.initialize({ unseal: { shares: 1, threshold: 1 }, beforeCommit });
  for (const share of shares.unseal) await store.submitShare(share);
  const created: TokenType[] = [];
  const tokens = new TokenStore({
    store,
    limits,
    now: () => new Date(disk.time),
    onTokenCreated: (type) => created.push(type),
  });
  const create = async (fields: object, by = first.token) => {
    const maker = await tokens.lookup(by);
    if (maker === undefined) throw new Error("the maker is gone");
    const from = { token: maker, sudo: true, path: "auth/token/create", orphan: false };
    return (await tokens.create(planToken(tokenFields.parse(fields), from, limits, tokens.now))).token;
  };
  return { store, tokens, disk, created, create, root: first.token };
}

async function known(tokens: TokenStore, text: string) {
  const token = await tokens.lookup(text);
  if (token === undefined) throw new Error("there is no such token");
  return token;
}

describe("when the storage refuses a write", () => {
  test("nothing of a new token is left, and none is counted", async () => {
    const { store, disk, created, create } = await openTokens();
    const before = await store.list("sealwright/tokens/id/");
    disk.fails = true;
    await expect(create({ policies: ["x"] })).rejects.toThrow("the disk is full");
    expect(await store.list("sealwright/tokens/id/")).toEqual(before);
    expect(created).toEqual([]);
  });

  test("a limited use is not granted, and not lost", async () => {
    const { tokens, disk, create } = await openTokens();
    const token = await create({ policies: ["x"], num_uses: 1 });
    disk.fails = true;
    await expect(tokens.use(token)).rejects.toThrow("the disk is full");
    disk.fails = false;
    expect(await tokens.use(token)).toBeDefined();
    expect(await tokens.use(token)).toBeUndefined();
  });

  test("a token that was to be renewed expires when it was to", async () => {
    const { tokens, disk, create } = await openTokens();
    const token = await create({ policies: ["x"], ttl: "1h" });
    disk.time += 1_800_000;
    disk.fails = true;
    await expect(tokens.renew(await known(tokens, token), 0)).rejects.toThrow("the disk is full");
    disk.time += 1_800_000;
    expect(await tokens.lookup(token)).toBeUndefined();
  });

  test("a tree that was to be revoked is whole", async () => {
    const { tokens, disk, create } = await openTokens();
    const parent = await create({});
    const child = await create({}, parent);
    disk.fails = true;
    await expect(tokens.revoke(await known(tokens, parent))).rejects.toThrow("the disk is full");
    disk.fails = false;
    expect(await tokens.lookup(child)).toBeDefined();
  });
});

test("created tokens are told by type, batch and service", async () => {
  const { created, create } = await openTokens();
  await create({ policies: ["x"] });
  await create({ policies: ["x"], type: "batch" });
  expect(created).toEqual(["service", "batch"]);
});

test("a root token of a quorum is valid once its changes are written, not before", async () => {
  const { store, tokens } = await openTokens();
  const { token, changes } = await tokens.newRootToken();
  expect(await tokens.lookup(token)).toBeUndefined();
  await store.barrier.write(changes);
  expect((await known(tokens, token)).entry).toMatchObject({ policies: ["root"], path: "auth/token/root" });
  await tokens.revoke(await known(tokens, token));
  expect(await tokens.lookup(token)).toBeUndefined();
});

test("whatever is made, revoked and swept, a token is valid as long as it and all above it are", async () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant("create" as const), at: fc.nat(20), minutes: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ act: fc.constantFrom("revoke", "orphan"), at: fc.nat(20) }),
    fc.record({ act: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ act: fc.constantFrom("sweep", "reopen") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { store, tokens: first, disk, create, root } = await openTokens();
      let tokens = first;
      const model = [{ token: root, parent: -1, expires: Number.POSITIVE_INFINITY, gone: false }];
      const valid = (index: number): boolean => {
        const each = model[index];
        if (each === undefined) return true;
        return !each.gone && disk.time < each.expires && valid(each.parent);
      };
      for (const each of steps) {
        if (each.act === "wait" && "minutes" in each) disk.time += each.minutes * 60_000;
        if (each.act === "sweep") await tokens.sweep();
        if (each.act === "reopen") tokens = new TokenStore({ store, limits, now: () => new Date(disk.time) });
        if (!("at" in each)) continue;
        const index = each.at % model.length;
        const chosen = model[index];
        if (chosen === undefined || !valid(index)) continue;
        if (each.act === "create" && "minutes" in each) {
          const token = await create({ policies: ["x"], ttl: `${each.minutes}m` }, chosen.token);
          model.push({ token, parent: index, expires: disk.time + each.minutes * 60_000, gone: false });
        }
        if (each.act === "revoke" && index > 0) {
          await tokens.revoke(await known(tokens, chosen.token));
          chosen.gone = true;
        }
        if (each.act === "orphan" && index > 0) {
          await tokens.revokeOrphan(await known(tokens, chosen.token));
          chosen.gone = true;
          for (const child of model) if (child.parent === index) child.parent = -1;
        }
      }
      const fresh = new TokenStore({ store, limits, now: () => new Date(disk.time) });
      for (const [index, { token }] of model.entries()) {
        expect((await fresh.lookup(token)) !== undefined).toBe(valid(index));
      }
      await store.close();
    }),
    { numRuns: 40 },
  );
});
