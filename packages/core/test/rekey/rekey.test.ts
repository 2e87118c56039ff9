// SPDX-License-Identifier: Apache-2.0
import { ANY_ATTEMPT, barrierTarget, paths, Rekey, recoveryTarget, rotateRootKey } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { failingFrom, openStaticSeal } from "../support/seals.ts";
import { fallible, openLastingStorage, snapshot } from "../support/storages.ts";
import {
  autoKind,
  bytes,
  hexRequest,
  kinds,
  obeys,
  openedStore,
  rekeyed,
  rekeyOf,
  shamirKind,
  submitted,
  TWO_OF_THREE,
} from "./support.ts";

const NOBODY = { shares: 0, threshold: 0 };

describe.each(kinds)("a rekey of $name", (kind) => {
  it("makes the new shares work and the old ones fail, and keeps the data", async () => {
    const opened = await openedStore(kind);
    const fresh = await rekeyed(rekeyOf(opened), opened.shares, hexRequest({ shares: 5, threshold: 3 }));
    expect(fresh).toHaveLength(5);
    expect((await opened.store.status()).numbers).toEqual({ shares: 5, threshold: 3 });
    await opened.store.seal();
    expect(await obeys(kind, opened.storage, fresh.slice(2))).toBe(true);
    expect(await obeys(kind, opened.storage, fresh.slice(0, 3).reverse())).toBe(true);
    expect(await obeys(kind, opened.storage, [...opened.shares])).toBe(false);
    expect(await obeys(kind, opened.storage, [opened.shares[0]!, ...fresh.slice(0, 2)])).toBe(false);
  });

  it.each([
    ["to one share", { shares: 1, threshold: 1 }],
    ["to as many as are needed", { shares: 4, threshold: 4 }],
  ])("goes %s and back", async (_what, numbers) => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const few = await rekeyed(rekey, opened.shares, hexRequest(numbers));
    const back = await rekeyed(rekey, few);
    await opened.store.seal();
    expect(await obeys(kind, opened.storage, few.slice(0, numbers.threshold))).toBe(false);
    expect(await obeys(kind, opened.storage, back.slice(1))).toBe(true);
  });

  it("counts, tells what is going on, and forgets when it is done", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened, { now: () => 17 });
    const started = await rekey.start(hexRequest({ shares: 4, threshold: 3 }));
    expect(started).toMatchObject({ progress: 0, required: 2, startedAt: 17, numbers: { shares: 4, threshold: 3 } });
    const first = await rekey.submit(started.nonce, opened.shares[2]!);
    expect(first).toMatchObject({ complete: false, status: { progress: 1, nonce: started.nonce } });
    expect(await rekey.submit(started.nonce, opened.shares[0]!)).toMatchObject({
      complete: true,
      nonce: started.nonce,
    });
    expect(rekey.current).toBeUndefined();
  });

  it("answers the last share again for ten minutes, and not to another share or nonce", async () => {
    let now = 0;
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened, { now: () => now });
    const { nonce } = await rekey.start(hexRequest());
    const fresh = await submitted(rekey, nonce, opened.shares.slice(0, 2));
    now += 10 * 60_000;
    const again = await rekey.submit(nonce, opened.shares[1]!);
    expect(again.complete && bytes(again.answer)).toEqual(fresh);
    await rejectsWithCode(rekey.submit(nonce, opened.shares[0]!), "NOT_IN_PROGRESS");
    await rejectsWithCode(rekey.submit("other", opened.shares[1]!), "NOT_IN_PROGRESS");
    now += 1;
    await rejectsWithCode(rekey.submit(nonce, opened.shares[1]!), "NOT_IN_PROGRESS");
  });

  it("adds a data key term in the same batch where the old shares may be in wrong hands", async () => {
    const opened = await openedStore(kind);
    await rekeyed(rekeyOf(opened), opened.shares, hexRequest(TWO_OF_THREE, { term: "add" }));
    expect(opened.store.barrier.keyStatus.term).toBe(2);
    expect((await opened.store.get("kept"))?.toString()).toBe("value");
  });

  it("puts what the delivery asks for into the batch", async () => {
    const opened = await openedStore(kind);
    const value = Buffer.from("backup");
    const deliver = async () => ({ answer: [], entries: [{ op: "put" as const, path: "core/backup", value }] });
    await rekeyed(rekeyOf(opened), opened.shares, hexRequest(TWO_OF_THREE, { deliver }));
    expect(await opened.storage.get("core/backup")).toEqual(Uint8Array.from(value));
  });

  it("tells others that shares were replaced, once they were", async () => {
    const opened = await openedStore(kind);
    let told = 0;
    const rekey = rekeyOf(opened, { onReplaced: () => told++ });
    const { nonce } = await rekey.start(hexRequest());
    await rekey.submit(nonce, opened.shares[0]!);
    expect(told).toBe(0);
    await rekey.submit(nonce, opened.shares[1]!);
    expect(told).toBe(1);
  });

  it("goes on while others read and write", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    await rekey.submit(nonce, opened.shares[0]!);
    const writes = Array.from({ length: 50 }, (_, i) => opened.store.put(`during/${i}`, Buffer.from(`${i}`)));
    const last = rekey.submit(nonce, opened.shares[1]!);
    const more = Array.from({ length: 50 }, (_, i) => opened.store.put(`during/${50 + i}`, Buffer.from(`${50 + i}`)));
    const outcome = await last;
    await Promise.all([...writes, ...more]);
    await opened.store.seal();
    const again = await kind.store(opened.storage);
    await kind.unseal(again, outcome.complete ? bytes(outcome.answer).slice(0, 2) : []);
    for (let i = 0; i < 100; i++) expect((await again.get(`during/${i}`))?.toString()).toBe(`${i}`);
  });
});

describe.each(kinds)("a rekey of $name refuses", (kind) => {
  it("to start on a sealed store, or while one runs", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    await rekey.start(hexRequest());
    await rejectsWithCode(rekey.start(hexRequest()), "IN_PROGRESS");
    await opened.store.seal();
    await rejectsWithCode(rekey.start(hexRequest()), "SEALED");
    await rejectsWithCode(rekey.submit("any", opened.shares[0]!), "SEALED");
    await rejectsWithCode(rekey.cancel(ANY_ATTEMPT), "SEALED");
  });

  it.each([
    [0, 0],
    [-1, 3],
    [5, 0],
    [5, 1],
    [3, 5],
    [256, 3],
    [255, 256],
    [2.5, 2],
    [Number.NaN, 2],
  ])("%d shares with threshold %d", async (shares, threshold) => {
    const opened = await openedStore(kind);
    await rejectsWithCode(rekeyOf(opened).start(hexRequest({ shares, threshold })), "INVALID_REQUEST");
  });

  it("shares without a nonce, with another's, or after the end, and does not tell the right one", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    for (const wrong of ["", "x", nonce.toUpperCase(), `${nonce} `]) {
      const error = await rekey.submit(wrong, opened.shares[0]!).catch((it: Error) => it);
      expect(error).toMatchObject({ code: "WRONG_NONCE" });
      expect((error as Error).message).not.toContain(nonce);
    }
    expect(rekey.current?.progress).toBe(0);
    await rekey.cancel(nonce);
    await rejectsWithCode(rekey.submit(nonce, opened.shares[0]!), "NOT_IN_PROGRESS");
  });

  it.each([0, 1, 16, 32, 34, 66])("a share of %d bytes, and counts nothing", async (length) => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    await rejectsWithCode(rekey.submit(nonce, new Uint8Array(length)), "INVALID_SHARE");
    expect(rekey.current?.progress).toBe(0);
  });

  it("a share that was counted, and counts it once", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    await rekey.submit(nonce, opened.shares[0]!);
    await rejectsWithCode(rekey.submit(nonce, opened.shares[0]!), "REPEATED_SHARE");
    expect(rekey.current?.progress).toBe(1);
  });

  it("a quorum with one wrong share, changes nothing, and begins at 0 under the same nonce", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    const before = await snapshot(opened.storage);
    const wrong = Uint8Array.from(opened.shares[1]!);
    wrong[0]! ^= 1;
    await rekey.submit(nonce, opened.shares[0]!);
    await rejectsWithCode(rekey.submit(nonce, wrong), "WRONG_SHARES");
    expect(rekey.current).toMatchObject({ nonce, progress: 0 });
    expect(await snapshot(opened.storage)).toEqual(before);
    expect(await submitted(rekey, nonce, opened.shares.slice(0, 2))).toHaveLength(3);
  });

  it("shares that an earlier rekey replaced, and says so", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    await rekeyed(rekey, opened.shares);
    const { nonce } = await rekey.start(hexRequest());
    const error = await rekey.submit(nonce, opened.shares[0]!).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: "INVALID_SHARE", message: expect.stringContaining("replaced by a rekey") });
    expect(rekey.current?.progress).toBe(0);
  });

  it("to go on when the delivery fails: nothing is stored, and the last share tries again", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    let fails = true;
    const { deliver } = hexRequest();
    const failing = async (shares: readonly Uint8Array[], nonce: string) => {
      if (fails) throw new Error("no PGP today");
      return deliver(shares, nonce);
    };
    const { nonce } = await rekey.start(hexRequest(TWO_OF_THREE, { deliver: failing }));
    const before = await snapshot(opened.storage);
    await rekey.submit(nonce, opened.shares[0]!);
    await expect(rekey.submit(nonce, opened.shares[1]!)).rejects.toThrow("no PGP today");
    expect(await snapshot(opened.storage)).toEqual(before);
    expect(rekey.current?.progress).toBe(1);
    fails = false;
    expect(await submitted(rekey, nonce, [opened.shares[1]!])).toHaveLength(3);
  });

  it("to go on when the storage is full: old shares work, and the last one tries again", async () => {
    const storage = fallible(openLastingStorage());
    const opened = await openedStore(kind, TWO_OF_THREE, storage);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    await rekey.submit(nonce, opened.shares[0]!);
    storage.full = true;
    await rejectsWithCode(rekey.submit(nonce, opened.shares[1]!), "STORAGE_FAILED");
    expect(rekey.current).toMatchObject({ nonce, progress: 1 });
    storage.full = false;
    expect((await opened.store.get("kept"))?.toString()).toBe("value");
    const fresh = (await submitted(rekey, nonce, [opened.shares[1]!]))!;
    await opened.store.seal();
    expect(await obeys(kind, storage, fresh.slice(0, 2))).toBe(true);
  });
});

describe.each(kinds)("an attempt of $name ends", (kind) => {
  it("when it is cancelled by its nonce, and not by another", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    await rekey.cancel("none runs");
    const { nonce } = await rekey.start(hexRequest());
    await rejectsWithCode(rekey.cancel(""), "WRONG_NONCE");
    await rejectsWithCode(rekey.cancel("other"), "WRONG_NONCE");
    expect(rekey.current?.nonce).toBe(nonce);
    await rekey.cancel(nonce);
    expect(rekey.current).toBeUndefined();
    await rekey.start(hexRequest());
    await rekey.cancel(ANY_ATTEMPT);
    expect(rekey.current).toBeUndefined();
  });

  it("when the store is sealed, its shares wiped and its answers forgotten", async () => {
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    await rekey.submit(nonce, opened.shares[0]!);
    await opened.store.seal();
    expect(rekey.current).toBeUndefined();
    await kind.unseal(opened.store, opened.shares.slice(0, 2));
    await rejectsWithCode(rekey.submit(nonce, opened.shares[1]!), "NOT_IN_PROGRESS");
  });

  it("when nothing counts for as long as it may stand idle", async () => {
    let now = 0;
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened, { now: () => now });
    const { nonce } = await rekey.start(hexRequest());
    now = 59;
    expect(rekey.expire(60)).toBe(false);
    await rekey.submit(nonce, opened.shares[0]!);
    now = 118;
    await rejectsWithCode(rekey.submit(nonce, opened.shares[0]!), "REPEATED_SHARE");
    expect(rekey.expire(60)).toBe(false);
    now = 119;
    expect(rekey.expire(60)).toBe(true);
    expect(rekey.current).toBeUndefined();
    expect(rekey.expire(60)).toBe(false);
  });
});

describe("the seal of an auto-sealed store", () => {
  it.each([1, 2, 3, 4])("failing from its call %d on at the last share keeps the progress", async (nth) => {
    const inner = await openStaticSeal();
    const opened = await openedStore(autoKind, TWO_OF_THREE, openLastingStorage(), inner);
    const down = await autoKind.store(opened.storage, failingFrom(inner, nth + 1, "SEAL_UNAVAILABLE"));
    await down.unseal();
    const rekey = rekeyOf({ store: down, kind: autoKind });
    const { nonce } = await rekey.start(hexRequest());
    await rekey.submit(nonce, opened.shares[0]!);
    const before = await snapshot(opened.storage);
    await rejectsWithCode(rekey.submit(nonce, opened.shares[1]!), "SEAL_UNAVAILABLE");
    expect(rekey.current).toMatchObject({ nonce, progress: 1 });
    expect(await snapshot(opened.storage)).toEqual(before);
  });

  it("gets a new root key by the quorum's leave, and nobody gets shares", async () => {
    const opened = await openedStore(autoKind);
    const before = await opened.storage.get(paths.STORED_KEYS);
    const rekey = new Rekey<readonly string[], null>(opened.store, barrierTarget);
    expect(await rekeyed(rekey, opened.shares, hexRequest(NOBODY))).toEqual([]);
    expect(await opened.storage.get(paths.STORED_KEYS)).not.toEqual(before);
    await opened.store.seal();
    expect(await obeys(autoKind, opened.storage, opened.shares.slice(1))).toBe(true);
  });

  it("has no recovery key to rekey where people unseal by shares", async () => {
    const opened = await openedStore(shamirKind);
    const rekey = new Rekey<readonly string[], null>(opened.store, recoveryTarget);
    await rejectsWithCode(rekey.start(hexRequest()), "INVALID_REQUEST");
    await rejectsWithCode(rekey.establish(hexRequest()), "INVALID_REQUEST");
  });

  it("gets its first recovery key without a quorum, and only its first", async () => {
    const storage = openLastingStorage();
    const store = await autoKind.store(storage);
    await store.initialize({});
    await store.unseal();
    await store.put("kept", Buffer.from("value"));
    const rekey = rekeyOf({ store, kind: autoKind });
    await rejectsWithCode(rekey.start(hexRequest()), "INVALID_REQUEST");
    const shares = bytes(await rekey.establish(hexRequest()));
    await rejectsWithCode(rekey.establish(hexRequest()), "INVALID_REQUEST");
    await store.seal();
    expect(await obeys(autoKind, storage, shares.slice(0, 2))).toBe(true);
  });
});

describe.each(kinds)("a new root key without a quorum, under $name", (kind) => {
  it("leaves shares and data as they are", async () => {
    const opened = await openedStore(kind);
    const before = await snapshot(opened.storage);
    await rotateRootKey(opened.store);
    const after = await snapshot(opened.storage);
    for (const path of [paths.STORED_KEYS, paths.KEYRING, paths.ROOT_KEY]) expect(after[path]).not.toBe(before[path]);
    await opened.store.seal();
    expect(await obeys(kind, opened.storage, opened.shares.slice(1))).toBe(true);
  });

  it("is refused while sealed", async () => {
    const opened = await openedStore(kind);
    await opened.store.seal();
    await rejectsWithCode(rotateRootKey(opened.store), "SEALED");
  });
});

describe("the root key of a store that people unseal", () => {
  it("is not rotated without a quorum where the storage has lost the key that it needs", async () => {
    const opened = await openedStore(shamirKind);
    await opened.storage.write([{ op: "delete", path: paths.SHAMIR_KEK }]);
    await rejectsWithCode(rotateRootKey(opened.store), "INVALID_REQUEST");
    await opened.store.seal();
    expect(await obeys(shamirKind, opened.storage, opened.shares.slice(1))).toBe(true);
  });
});
