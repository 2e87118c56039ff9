// SPDX-License-Identifier: Apache-2.0
import { ANY_ATTEMPT, Authorization, type Permission, presentQuorum } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { failingFrom, openStaticSeal } from "../support/seals.ts";
import { fallible, openLastingStorage } from "../support/storages.ts";
import { autoKind, kinds, openedStore, TWO_OF_THREE } from "./support.ts";

const PATH = "granted";

/** Writes an entry and answers `token`; counts how often it was asked. */
function permission(): Permission<string> & { granted: number } {
  return {
    granted: 0,
    numbers: presentQuorum,
    async carryOut({ barrier }) {
      this.granted++;
      await barrier.put(PATH, Buffer.from("yes"));
      return "token";
    },
  };
}

describe.each(kinds)("a permission by $name", (kind) => {
  it("is granted once, with the last share, and what it writes is there", async () => {
    const { store, shares } = await openedStore(kind);
    const authorization = new Authorization<string, string>(store, "test");
    const given = permission();
    const { nonce, required } = await authorization.start("details", given);
    expect(required).toBe(2);
    expect(await authorization.submit(nonce, shares[2]!)).toMatchObject({ complete: false, status: { progress: 1 } });
    expect(await store.get(PATH)).toBeUndefined();
    const done = await authorization.submit(nonce, shares[0]!);
    expect(done).toEqual({ complete: true, nonce, answer: "token" });
    expect(await authorization.submit(nonce, shares[0]!)).toEqual(done);
    expect(given.granted).toBe(1);
    expect((await store.get(PATH))?.toString()).toBe("yes");
    expect(authorization.current).toBeUndefined();
  });

  it("is not granted by wrong shares, and progress begins again", async () => {
    const { store, shares } = await openedStore(kind);
    const authorization = new Authorization<string, null>(store, "test");
    const given = permission();
    const { nonce } = await authorization.start(null, given);
    const wrong = Uint8Array.from(shares[1]!);
    wrong[7]! ^= 1;
    await authorization.submit(nonce, wrong);
    await rejectsWithCode(authorization.submit(nonce, shares[0]!), "WRONG_SHARES");
    expect(authorization.current).toMatchObject({ nonce, progress: 0 });
    expect(given.granted).toBe(0);
  });

  it("refuses repeats, other nonces, malformed shares and another start", async () => {
    const { store, shares } = await openedStore(kind);
    const authorization = new Authorization<string, null>(store, "test");
    await rejectsWithCode(authorization.submit("x", shares[0]!), "NOT_IN_PROGRESS");
    const { nonce } = await authorization.start(null, permission());
    await rejectsWithCode(authorization.start(null, permission()), "IN_PROGRESS");
    await rejectsWithCode(authorization.submit("", shares[0]!), "WRONG_NONCE");
    await rejectsWithCode(authorization.submit("x", shares[0]!), "WRONG_NONCE");
    await rejectsWithCode(authorization.submit(nonce, new Uint8Array(2)), "INVALID_SHARE");
    await authorization.submit(nonce, shares[0]!);
    await rejectsWithCode(authorization.submit(nonce, shares[0]!), "REPEATED_SHARE");
    await rejectsWithCode(authorization.cancel("x"), "WRONG_NONCE");
    expect(authorization.current?.progress).toBe(1);
    await authorization.cancel(ANY_ATTEMPT);
    expect(authorization.current).toBeUndefined();
  });

  it("ends with the store's sealing, when it is dropped, or when nothing counts for too long", async () => {
    let now = 0;
    const { store, shares } = await openedStore(kind);
    const authorization = new Authorization<string, null>(store, "test", () => now);
    await authorization.start(null, permission());
    now = 60;
    expect(authorization.expire(60)).toBe(true);
    await authorization.start(null, permission());
    authorization.drop();
    expect(authorization.current).toBeUndefined();
    const { nonce } = await authorization.start(null, permission());
    await store.seal();
    expect(authorization.current).toBeUndefined();
    await rejectsWithCode(authorization.submit(nonce, shares[0]!), "SEALED");
    await rejectsWithCode(authorization.start(null, permission()), "SEALED");
  });

  it("keeps progress when the storage is full", async () => {
    const storage = fallible(openLastingStorage());
    const { store, shares } = await openedStore(kind, TWO_OF_THREE, storage);
    const authorization = new Authorization<string, null>(store, "test");
    const { nonce } = await authorization.start(null, permission());
    await authorization.submit(nonce, shares[0]!);
    storage.full = true;
    await rejectsWithCode(authorization.submit(nonce, shares[1]!), "STORAGE_FAILED");
    storage.full = false;
    expect(await authorization.submit(nonce, shares[1]!)).toMatchObject({ complete: true });
  });
});

describe("a permission where a seal unseals", () => {
  it("keeps progress while the seal is down", async () => {
    const inner = await openStaticSeal();
    const { storage, shares } = await openedStore(autoKind, TWO_OF_THREE, openLastingStorage(), inner);
    const store = await autoKind.store(storage, failingFrom(inner, 2, "SEAL_TIMEOUT"));
    await store.unseal();
    const authorization = new Authorization<string, null>(store, "test");
    const { nonce } = await authorization.start(null, permission());
    await authorization.submit(nonce, shares[0]!);
    await rejectsWithCode(authorization.submit(nonce, shares[1]!), "SEAL_TIMEOUT");
    expect(authorization.current?.progress).toBe(1);
  });

  it("cannot be asked for where nobody holds recovery shares", async () => {
    const store = await autoKind.store(openLastingStorage());
    await store.initialize({});
    await store.unseal();
    const authorization = new Authorization<string, null>(store, "test");
    await rejectsWithCode(authorization.start(null, permission()), "INVALID_REQUEST");
  });
});
