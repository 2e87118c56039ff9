// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { paths } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { altered, failingFrom, hanging, openStaticSeal } from "./support/seals.ts";
import { alter, flipBit, openLastingStorage, snapshot } from "./support/storages.ts";
import { autoStore, initializedAuto, initializedShamir, shamirStore, submitAll } from "./support/stores.ts";

const THREE_TWO = { shares: 3, threshold: 2 };

describe("unsealing by a seal", () => {
  it("takes one call to it, and none once it is open", async () => {
    const { storage } = await initializedAuto();
    const store = autoStore(storage, failingFrom(await openStaticSeal(), 2, "SEAL_UNAVAILABLE"));
    await store.unseal();
    await store.unseal();
    expect(await store.status()).toMatchObject({ sealed: false, initialized: true, foreign: false });
    expect((await store.status()).cluster?.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("opens once where many ask at once", async () => {
    const { storage } = await initializedAuto();
    const store = autoStore(storage, failingFrom(await openStaticSeal(), 2, "SEAL_UNAVAILABLE"));
    await Promise.all([store.unseal(), store.unseal(), store.unseal()]);
    expect(store.sealed).toBe(false);
  });

  it("names the key that wrapped the root key where the seal has another of that name", async () => {
    const { storage } = await initializedAuto();
    const store = autoStore(storage, await openStaticSeal(9));
    const error = await rejectsWithCode(store.unseal(), "WRONG_SEAL");
    expect(error.message).toContain('"key-a"');
    expect(store.sealed).toBe(true);
  });

  it("passes on that the seal has no key of that name", async () => {
    const { storage } = await initializedAuto();
    const error = await rejectsWithCode(
      autoStore(storage, await openStaticSeal(9, "key-b")).unseal(),
      "SEAL_KEY_MISSING",
    );
    expect(error.message).toContain('"key-a"');
  });

  it.each(["SEAL_UNAVAILABLE", "SEAL_THROTTLED", "SEAL_TIMEOUT", "SEAL_DENIED", "SEAL_KEY_DISABLED"] as const)(
    "passes %s on, writes nothing, and opens when the seal answers",
    async (code) => {
      const { store, storage } = await initializedAuto();
      const before = await snapshot(storage);
      await rejectsWithCode(autoStore(storage, failingFrom(await openStaticSeal(), 1, code)).unseal(), code);
      await store.unseal();
      expect(await snapshot(storage)).toEqual(before);
    },
  );

  it("refuses a storage of another kind of seal before asking its own", async () => {
    const people = await initializedShamir();
    const auto = await initializedAuto();
    const silent = failingFrom(await openStaticSeal(), 1, "SEAL_UNAVAILABLE");
    const error = await rejectsWithCode(autoStore(people.storage, silent).unseal(), "MIGRATION_PENDING");
    expect(error.message).toMatch(/shamir seal.*static seal/);
    await rejectsWithCode(shamirStore(auto.storage).submitShare(randomBytes(33)), "WRONG_SEAL");
  });

  it("is refused before there is anything to unseal", async () => {
    await rejectsWithCode(autoStore(openLastingStorage(), await openStaticSeal()).unseal(), "NOT_INITIALIZED");
  });

  it.each([
    ["no JSON", Buffer.from("32 secret bytes")],
    ["no list", Buffer.from('"AAAA"')],
    ["an empty list", Buffer.from("[]")],
    ["two keys", Buffer.from(JSON.stringify([randomBytes(32).toString("base64"), randomBytes(32).toString("base64")]))],
    ["a key of 16 bytes", Buffer.from(JSON.stringify([randomBytes(16).toString("base64")]))],
    ["no base64", Buffer.from('["!!!!"]')],
    ["no UTF-8", Buffer.of(0xff, 0xfe)],
  ])("refuses a sealed root key that holds %s, without quoting it", async (_, content) => {
    const { storage } = await initializedAuto();
    const seal = altered(await openStaticSeal(), { unwrap: async () => Uint8Array.from(content) });
    const error = await rejectsWithCode(autoStore(storage, seal).unseal(), "ENTRY_CORRUPT");
    expect(error.cause).toBeUndefined();
    expect(error.message).not.toContain(content.toString());
  });

  it("wipes what the seal unwrapped", async () => {
    const { storage } = await initializedAuto();
    const inner = await openStaticSeal();
    const answers: Uint8Array[] = [];
    const seal = altered(inner, {
      async unwrap(blob, call) {
        answers.push(await inner.unwrap(blob, call));
        return answers.at(-1)!;
      },
    });
    await autoStore(storage, seal).unseal();
    expect(answers.map((each) => Buffer.from(each))).toEqual([Buffer.alloc(48)]);
  });

  it("refuses a root key that does not open the keyring", async () => {
    const { storage } = await initializedAuto();
    const other = await initializedAuto();
    const stored = (await other.storage.get(paths.STORED_KEYS))!;
    await alter(storage, paths.STORED_KEYS, () => stored);
    const error = await rejectsWithCode(autoStore(storage, await openStaticSeal()).unseal(), "ENTRY_CORRUPT");
    expect(error.message).toContain(paths.KEYRING);
  });

  it("never opens to anything else than it should, whichever bit of the sealed root key flips", async () => {
    const { store, storage } = await initializedAuto();
    await store.unseal();
    await store.put("a", Buffer.from("value"));
    await store.seal();
    const original = Buffer.from((await storage.get(paths.STORED_KEYS))!);
    const codes = new Set<string>();
    for (let bit = 0; bit < original.length * 8; bit++) {
      await alter(storage, paths.STORED_KEYS, () => flipBit(original, bit));
      const error = await store.unseal().then(
        () => undefined,
        (reason: { code: string }) => reason,
      );
      if (error !== undefined) codes.add(error.code);
      else expect((await store.get("a"))!.toString()).toBe("value");
      await store.seal();
    }
    expect([...codes].sort()).toEqual(["ENTRY_CORRUPT", "SEAL_KEY_MISSING", "WRONG_SEAL"]);
  });

  it("is abandoned while the seal hangs, by the caller, by sealing and by closing", async () => {
    const { storage } = await initializedAuto();
    for (const how of ["caller", "seal", "close"] as const) {
      const { seal, asked } = hanging(await openStaticSeal());
      const store = autoStore(storage, seal);
      const caller = new AbortController();
      const refusal = rejectsWithCode(store.unseal(caller.signal), "SEAL_TIMEOUT");
      await asked;
      if (how === "caller") caller.abort();
      else await store[how]();
      await refusal;
      expect(store.sealed).toBe(true);
    }
  });
});

describe("unsealing an auto-sealed store by its recovery shares", () => {
  it("opens it through the seal, after a seal by an operator", async () => {
    const { store, shares } = await initializedAuto(THREE_TWO);
    await store.unseal();
    await store.seal();
    await store.submitShare(shares[2]!);
    expect(await store.status()).toMatchObject({ progress: 1, sealed: true, numbers: THREE_TWO });
    await store.submitShare(shares[0]!);
    expect(await store.status()).toMatchObject({ progress: 0, sealed: false });
  });

  it("refuses wrong shares, and those of another store", async () => {
    const { store, shares } = await initializedAuto(THREE_TWO);
    const other = await initializedAuto(THREE_TWO);
    await rejectsWithCode(submitAll(store, [shares[0]!, flipBit(shares[1]!, 8)]), "WRONG_SHARES");
    await rejectsWithCode(submitAll(store, other.shares.slice(0, 2)), "WRONG_SHARES");
    await rejectsWithCode(submitAll(store, [shares[0]!, other.shares[1]!]), "WRONG_SHARES");
    expect(await store.status()).toMatchObject({ progress: 0, sealed: true });
  });

  it("refuses shares where there is no recovery key", async () => {
    const { store } = await initializedAuto();
    await rejectsWithCode(store.submitShare(randomBytes(33)), "INVALID_REQUEST");
    expect((await store.status()).progress).toBe(0);
  });

  it("says that the recovery key is missing where the configuration promises one", async () => {
    const { store, storage, shares } = await initializedAuto(THREE_TWO);
    await storage.write([{ op: "delete", path: paths.RECOVERY_KEY }]);
    await rejectsWithCode(submitAll(store, shares.slice(0, 2)), "STORAGE_INCOMPLETE");
  });

  it.each([
    ["cut short", "ENTRY_CORRUPT", (entry: Buffer) => entry.subarray(0, 30)],
    ["altered", "WRONG_SEAL", (entry: Buffer) => flipBit(entry, 100)],
  ] as const)("says that the recovery key was %s", async (_, code, damage) => {
    const { store, storage, shares } = await initializedAuto(THREE_TWO);
    await alter(storage, paths.RECOVERY_KEY, damage);
    const error = await rejectsWithCode(submitAll(store, shares.slice(0, 2)), code);
    expect(error.message).toContain(paths.RECOVERY_KEY);
    await store.unseal();
    expect(store.sealed).toBe(false);
  });

  it.each([1, 2])(
    "keeps the progress where the seal is down at its call %d: the last share again is enough",
    async (nth) => {
      const { storage, shares } = await initializedAuto(THREE_TWO);
      const inner = await openStaticSeal();
      let seal = failingFrom(inner, nth, "SEAL_UNAVAILABLE");
      const store = autoStore(storage, altered(inner, { unwrap: (blob, call) => seal.unwrap(blob, call) }));
      await store.submitShare(shares[0]!);
      await rejectsWithCode(store.submitShare(shares[1]!), "SEAL_UNAVAILABLE");
      expect(await store.status()).toMatchObject({ progress: 1, sealed: true });
      seal = inner;
      await store.submitShare(shares[1]!);
      expect(store.sealed).toBe(false);
    },
  );

  it("gives the progress up where trying again cannot help", async () => {
    const { storage, shares } = await initializedAuto(THREE_TWO);
    const store = autoStore(storage, failingFrom(await openStaticSeal(), 1, "SEAL_DENIED"));
    await rejectsWithCode(submitAll(store, shares.slice(0, 2)), "SEAL_DENIED");
    expect((await store.status()).progress).toBe(0);
  });
});
