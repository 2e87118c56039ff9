// SPDX-License-Identifier: Apache-2.0
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { fallible, openLastingStorage, snapshot } from "../support/storages.ts";
import {
  type HexRekey,
  hexRequest,
  type Kind,
  kinds,
  type Opened,
  obeys,
  openedStore,
  rekeyOf,
  type Shares,
  submitted,
  TWO_OF_THREE,
} from "./support.ts";

const PROVED = hexRequest({ shares: 4, threshold: 3 }, { verification: "prove" });

interface Pending extends Opened {
  readonly rekey: HexRekey;
  readonly nonce: string;
  readonly fresh: Shares;
}

/** A rekey whose new shares are made and wait to be proved. */
async function pending(kind: Kind, storage = openLastingStorage()): Promise<Pending> {
  const opened = await openedStore(kind, TWO_OF_THREE, storage);
  const rekey = rekeyOf(opened);
  const { nonce } = await rekey.start(PROVED);
  const fresh = (await submitted(rekey, nonce, opened.shares.slice(0, 2)))!;
  return { ...opened, rekey, nonce, fresh };
}

function proof(rekey: HexRekey): string {
  return rekey.current?.verifying?.nonce ?? "";
}

async function prove(rekey: HexRekey, shares: Shares): Promise<boolean> {
  const nonce = proof(rekey);
  let done = false;
  for (const share of shares) done = (await rekey.verify(nonce, share)).complete;
  return done;
}

describe.each(kinds)("a rekey of $name whose new shares are to be proved", (kind) => {
  it("stores nothing before the proof, and the old shares stay in force", async () => {
    const opened = await openedStore(kind);
    const before = await snapshot(opened.storage);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(PROVED);
    const fresh = (await submitted(rekey, nonce, opened.shares.slice(0, 2)))!;
    expect(rekey.current).toMatchObject({ nonce, progress: 0, verification: "prove", verifying: { progress: 0 } });
    expect(await snapshot(opened.storage)).toEqual(before);
    await opened.store.seal();
    expect(await obeys(kind, opened.storage, opened.shares.slice(1))).toBe(true);
    expect(await obeys(kind, opened.storage, fresh.slice(0, 3))).toBe(false);
  });

  it("puts the new shares in force with the last of a threshold, and the old ones out of it", async () => {
    const { rekey, fresh, store, storage, shares } = await pending(kind);
    expect(await prove(rekey, fresh.slice(1, 3))).toBe(false);
    expect(rekey.current?.verifying?.progress).toBe(2);
    expect(await prove(rekey, fresh.slice(3))).toBe(true);
    expect(rekey.current).toBeUndefined();
    await store.seal();
    expect(await obeys(kind, storage, fresh.slice(0, 3))).toBe(true);
    expect(await obeys(kind, storage, shares.slice(0, 2))).toBe(false);
  });

  it("answers the last share of the old key again, and the last one of the proof", async () => {
    const { rekey, nonce, fresh, shares } = await pending(kind);
    const again = await rekey.submit(nonce, shares[1]!);
    expect(again.complete && again.answer).toEqual(fresh.map((share) => Buffer.from(share).toString("hex")));
    const proofNonce = proof(rekey);
    await prove(rekey, fresh.slice(0, 3));
    expect(await rekey.verify(proofNonce, fresh[2]!)).toMatchObject({ complete: true });
    await rejectsWithCode(rekey.verify(proofNonce, fresh[1]!), "NOT_IN_PROGRESS");
    await rejectsWithCode(rekey.submit(nonce, shares[1]!), "NOT_IN_PROGRESS");
  });

  it("begins the proof anew under another nonce when asked to", async () => {
    const { rekey, fresh } = await pending(kind);
    const first = proof(rekey);
    await rekey.verify(first, fresh[0]!);
    const { verifying } = await rekey.restartVerification();
    expect(verifying?.progress).toBe(0);
    expect(verifying?.nonce).not.toBe(first);
    await rejectsWithCode(rekey.verify(first, fresh[1]!), "WRONG_NONCE");
    expect(await prove(rekey, fresh.slice(0, 3))).toBe(true);
  });

  it("begins the proof anew under another nonce when the shares are wrong, and the new ones still prove", async () => {
    const { rekey, fresh, store, storage } = await pending(kind);
    const first = proof(rekey);
    const wrong = Uint8Array.from(fresh[0]!);
    wrong[3]! ^= 4;
    await rekey.verify(first, wrong);
    await rekey.verify(first, fresh[1]!);
    await rejectsWithCode(rekey.verify(first, fresh[2]!), "WRONG_SHARES");
    expect(proof(rekey)).not.toBe(first);
    expect(await prove(rekey, fresh.slice(0, 3))).toBe(true);
    await store.seal();
    expect(await obeys(kind, storage, fresh.slice(1))).toBe(true);
  });

  it("tells an old share given where a new one is due, and counts nothing", async () => {
    const { rekey, shares } = await pending(kind);
    const error = await rekey.verify(proof(rekey), shares[0]!).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: "INVALID_SHARE", message: expect.stringContaining("share of the old key") });
    expect(rekey.current?.verifying?.progress).toBe(0);
  });

  it("tells that old shares have done their part, and counts no share twice", async () => {
    const { rekey, nonce, fresh, shares } = await pending(kind);
    await rejectsWithCode(rekey.submit(nonce, shares[2]!), "VERIFICATION_PENDING");
    await rejectsWithCode(rekey.submit(nonce, fresh[0]!), "VERIFICATION_PENDING");
    await rekey.verify(proof(rekey), fresh[0]!);
    await rejectsWithCode(rekey.verify(proof(rekey), fresh[0]!), "REPEATED_SHARE");
    await rejectsWithCode(rekey.verify(nonce, fresh[1]!), "WRONG_NONCE");
    await rejectsWithCode(rekey.verify("", fresh[1]!), "WRONG_NONCE");
    await rejectsWithCode(rekey.verify(proof(rekey), new Uint8Array(16)), "INVALID_SHARE");
    expect(rekey.current?.verifying?.progress).toBe(1);
  });

  it("is refused another start, and can be cancelled: the new shares never work", async () => {
    const { rekey, nonce, fresh, shares, store, storage } = await pending(kind);
    await rejectsWithCode(rekey.start(hexRequest()), "IN_PROGRESS");
    await rekey.cancel(nonce);
    await rejectsWithCode(rekey.verify(nonce, fresh[0]!), "NOT_IN_PROGRESS");
    await rejectsWithCode(rekey.submit(nonce, shares[1]!), "NOT_IN_PROGRESS");
    const { nonce: next } = await rekey.start(hexRequest());
    const error = await rekey.submit(next, fresh[0]!).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: "INVALID_SHARE", message: expect.stringContaining("given up") });
    await store.seal();
    expect(await obeys(kind, storage, shares.slice(0, 2))).toBe(true);
  });

  it("ends when nothing is proved for too long, or when the store is sealed", async () => {
    let now = 0;
    const opened = await openedStore(kind);
    const rekey = rekeyOf(opened, { now: () => now });
    const { nonce } = await rekey.start(PROVED);
    const fresh = (await submitted(rekey, nonce, opened.shares.slice(0, 2)))!;
    now = 50;
    await rekey.verify(proof(rekey), fresh[0]!);
    now = 100;
    expect(rekey.expire(60)).toBe(false);
    now = 110;
    expect(rekey.expire(60)).toBe(true);
    expect(rekey.current).toBeUndefined();
    const { nonce: second } = await rekey.start(PROVED);
    await submitted(rekey, second, opened.shares.slice(0, 2));
    await opened.store.seal();
    expect(rekey.current).toBeUndefined();
    expect(await obeys(kind, opened.storage, opened.shares.slice(0, 2))).toBe(true);
  });

  it("keeps the proof when the storage is full, and the last new share tries again", async () => {
    const storage = fallible(openLastingStorage());
    const { rekey, fresh, shares, store } = await pending(kind, storage);
    storage.full = true;
    await prove(rekey, fresh.slice(0, 2));
    await rejectsWithCode(rekey.verify(proof(rekey), fresh[2]!), "STORAGE_FAILED");
    expect(rekey.current?.verifying?.progress).toBe(2);
    storage.full = false;
    expect(await prove(rekey, fresh.slice(2, 3))).toBe(true);
    await store.seal();
    expect(await obeys(kind, storage, fresh.slice(0, 3))).toBe(true);
    expect(await obeys(kind, storage, shares.slice(0, 2))).toBe(false);
  });
});

describe("a proof", () => {
  it("is refused where no rekey runs, or none that has got so far", async () => {
    const opened = await openedStore(kinds[0]);
    const rekey = rekeyOf(opened);
    await rejectsWithCode(rekey.verify("x", opened.shares[0]!), "NOT_IN_PROGRESS");
    await rejectsWithCode(rekey.restartVerification(), "NOT_IN_PROGRESS");
    const { nonce } = await rekey.start(PROVED);
    await rejectsWithCode(rekey.verify(nonce, opened.shares[0]!), "NOT_IN_PROGRESS");
    await rejectsWithCode(rekey.restartVerification(), "NOT_IN_PROGRESS");
  });
});
