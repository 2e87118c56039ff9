// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { paths } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alter, flipBit, openLastingStorage, snapshot } from "./support/storages.ts";
import { initializedShamir, shamirStore, submitAll } from "./support/stores.ts";

describe("unsealing by shares", () => {
  it("opens with every subset of three of five shares, in any order", async () => {
    const { store, shares } = await initializedShamir({ shares: 5, threshold: 3 });
    for (let set = 0; set < 32; set++) {
      const subset = shares.filter((_, index) => set & (1 << index));
      if (subset.length !== 3) continue;
      await submitAll(store, set % 2 ? subset : subset.reverse());
      expect(store.sealed).toBe(false);
      await store.seal();
    }
  });

  it("tells its progress and a nonce that stays until the attempt is over", async () => {
    const { store, shares } = await initializedShamir({ shares: 5, threshold: 3 });
    await store.submitShare(shares[0]!);
    const { nonce, progress } = await store.status();
    expect(progress).toBe(1);
    await store.submitShare(shares[1]!);
    expect(await store.status()).toMatchObject({ nonce, progress: 2, sealed: true });
    await store.submitShare(shares[2]!);
    expect(await store.status()).toMatchObject({ nonce: "", progress: 0, sealed: false });
  });

  it("keeps data across seal and unseal and across processes", async () => {
    const { store, storage, shares } = await initializedShamir();
    await submitAll(store, shares.slice(0, 2));
    await store.put("app/db", Buffer.from("value"));
    await store.close();
    const next = shamirStore(storage);
    await submitAll(next, shares.slice(1));
    expect((await next.get("app/db"))!.toString()).toBe("value");
  });

  it("does not count a repeated share, however often", async () => {
    const { store, shares } = await initializedShamir();
    for (let times = 0; times < 5; times++) await store.submitShare(shares[0]!);
    expect(await store.status()).toMatchObject({ progress: 1, sealed: true });
  });

  it("does not keep the caller's bytes, which may be wiped at once", async () => {
    const { store, shares } = await initializedShamir();
    const [first, second] = [Uint8Array.from(shares[0]!), Uint8Array.from(shares[1]!)];
    await store.submitShare(first);
    first.fill(0);
    await store.submitShare(second);
    expect(store.sealed).toBe(false);
    expect(second).toEqual(shares[1]);
  });

  it.each([0, 1, 2, 16, 31, 32, 34, 64])("refuses a share of %d bytes without counting it", async (length) => {
    const { store, shares } = await initializedShamir();
    await store.submitShare(shares[0]!);
    const error = await rejectsWithCode(store.submitShare(randomBytes(length)), "INVALID_SHARE");
    expect(error.message).toContain("33 bytes");
    expect((await store.status()).progress).toBe(1);
    await store.submitShare(shares[1]!);
    expect(store.sealed).toBe(false);
  });

  it.each([0, 31, 33])("refuses %d bytes where the share is the key", async (length) => {
    const { store } = await initializedShamir({ shares: 1, threshold: 1 });
    const error = await rejectsWithCode(store.submitShare(randomBytes(length)), "INVALID_SHARE");
    expect(error.message).toContain("32 bytes");
  });

  it("goes back to no progress and a new nonce after a wrong quorum, writes nothing, and then takes the right one", async () => {
    const { store, storage, shares } = await initializedShamir();
    const before = await snapshot(storage);
    await store.submitShare(shares[0]!);
    const { nonce } = await store.status();
    const error = await rejectsWithCode(store.submitShare(flipBit(shares[1]!, 3)), "WRONG_SHARES");
    expect(error.message).toContain("None of them was kept");
    expect(await store.status()).toMatchObject({ progress: 0, nonce: "", sealed: true });
    await store.submitShare(shares[1]!);
    expect((await store.status()).nonce).not.toBe(nonce);
    await store.submitShare(shares[0]!);
    expect(store.sealed).toBe(false);
    await store.seal();
    expect(await snapshot(storage)).toEqual(before);
  });

  it("refuses shares of another store, and a mixture", async () => {
    const { store, shares } = await initializedShamir();
    const other = await initializedShamir();
    await rejectsWithCode(submitAll(store, other.shares.slice(0, 2)), "WRONG_SHARES");
    await rejectsWithCode(submitAll(store, [shares[0]!, other.shares[1]!]), "WRONG_SHARES");
    await rejectsWithCode(submitAll(store, [other.shares[0]!, shares[1]!]), "WRONG_SHARES");
    expect(store.sealed).toBe(true);
  });

  it("refuses two shares that claim one place, and a share that claims place 0", async () => {
    const { store, shares } = await initializedShamir();
    const twin = Uint8Array.from(shares[1]!);
    twin[32] = shares[0]![32]!;
    await rejectsWithCode(submitAll(store, [shares[0]!, twin]), "WRONG_SHARES");
    twin[32] = 0;
    await rejectsWithCode(submitAll(store, [shares[0]!, twin]), "WRONG_SHARES");
    expect((await store.status()).progress).toBe(0);
  });

  it("refuses a wrong key where the share is the key", async () => {
    const { store, shares } = await initializedShamir({ shares: 1, threshold: 1 });
    await rejectsWithCode(store.submitShare(randomBytes(32)), "WRONG_SHARES");
    await store.submitShare(shares[0]!);
    expect(store.sealed).toBe(false);
  });

  it("never shows a share in what it throws", async () => {
    const { store, shares } = await initializedShamir();
    const bad = flipBit(shares[1]!, 9);
    const error = await rejectsWithCode(submitAll(store, [shares[0]!, bad]), "WRONG_SHARES");
    const shown = `${error.stack} ${(error.cause as Error | undefined)?.stack}`;
    for (const share of [shares[0]!, bad]) {
      expect(shown).not.toContain(Buffer.from(share).toString("hex").slice(0, 12));
      expect(shown).not.toContain(Buffer.from(share).toString("base64").slice(0, 12));
    }
  });

  it("forgets the shares submitted when it is reset, and when it is sealed", async () => {
    const { store, shares } = await initializedShamir();
    for (const forget of [() => store.resetShares(), () => store.seal()]) {
      await store.submitShare(shares[0]!);
      await forget();
      expect(await store.status()).toMatchObject({ progress: 0, nonce: "" });
      await store.submitShare(shares[1]!);
      expect(store.sealed).toBe(true);
      await store.resetShares();
    }
  });

  it("has nothing to reset once it is open, and ignores shares then", async () => {
    const { store, shares } = await initializedShamir();
    await submitAll(store, shares.slice(0, 2));
    await rejectsWithCode(store.resetShares(), "UNSEALED");
    await store.submitShare(randomBytes(7));
    expect(await store.status()).toMatchObject({ progress: 0, sealed: false });
  });

  it("does not unseal by itself", async () => {
    const { store } = await initializedShamir();
    expect(store.autoSealed).toBe(false);
    await rejectsWithCode(store.unseal(), "INVALID_REQUEST");
  });

  it("is refused before there is anything to unseal", async () => {
    const store = shamirStore(openLastingStorage());
    await rejectsWithCode(store.submitShare(randomBytes(33)), "NOT_INITIALIZED");
    await store.resetShares();
    expect(await store.status()).toMatchObject({ initialized: false, sealed: true, type: "shamir" });
  });

  it("takes shares that come at once one after another", async () => {
    const { store, shares } = await initializedShamir({ shares: 5, threshold: 3 });
    await Promise.all([...shares, ...shares].map((each) => store.submitShare(each)));
    expect(store.sealed).toBe(false);
  });

  it("opens exactly when a threshold of right shares follows the last wrong quorum, whatever came before", async () => {
    const { store, shares } = await initializedShamir({ shares: 4, threshold: 3 });
    const wrong = flipBit(shares[3]!, 100);
    const submissions = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(submissions, async (given) => {
        let held = new Set<number>();
        let open = false;
        for (const which of given) {
          if (which === 5) {
            if (!open) await store.resetShares();
            held = new Set();
            continue;
          }
          const submitted = store.submitShare(which === 4 ? wrong : shares[which]!);
          if (!open) held.add(which);
          if (open || held.size < 3) await submitted;
          else if (held.has(4)) await rejectsWithCode(submitted, "WRONG_SHARES");
          else {
            await submitted;
            open = true;
          }
          if (held.size === 3) held = new Set();
          expect(store.sealed).toBe(!open);
          expect((await store.status()).progress).toBe(held.size);
        }
        await store.seal();
      }),
      { numRuns: 60 },
    );
  });
});

describe("a store whose sealed root key was damaged", () => {
  it("says so where it is no sealed blob at all, and does not blame the shares", async () => {
    for (const damage of [() => Buffer.from("{}"), (entry: Buffer) => entry.subarray(0, 40)]) {
      const { store, storage, shares } = await initializedShamir();
      await alter(storage, paths.STORED_KEYS, damage);
      const error = await rejectsWithCode(submitAll(store, shares.slice(0, 2)), "ENTRY_CORRUPT");
      expect(error.message).toContain(paths.STORED_KEYS);
      expect((await store.status()).progress).toBe(0);
    }
  });

  it("never opens to anything else than it should, whichever bit flips", async () => {
    const { store, storage, shares } = await initializedShamir({ shares: 1, threshold: 1 });
    const original = Buffer.from((await storage.get(paths.STORED_KEYS))!);
    const codes = new Set<string>();
    for (let bit = 0; bit < original.length * 8; bit++) {
      await alter(storage, paths.STORED_KEYS, () => flipBit(original, bit));
      try {
        await store.submitShare(shares[0]!);
        // A bit of the empty key info: nothing that the seal uses.
        expect(bit).toBeGreaterThanOrEqual((original.length - 2) * 8);
        await store.seal();
      } catch (error) {
        codes.add((error as { code: string }).code);
      }
    }
    expect([...codes].sort()).toEqual(["ENTRY_CORRUPT", "WRONG_SHARES"]);
  });
});
