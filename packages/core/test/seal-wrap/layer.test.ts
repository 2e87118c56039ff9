// SPDX-License-Identifier: Apache-2.0
/** The seal's layer around the keyring and the root key for standbys: who writes it, who reads it, who refuses. */
import { decodeWrapped, MANY_WRAPS, paths, rotateRootKey } from "@sealwright/core";
import { decodeBlob, encodeBlob, SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { altered, openStaticSeal } from "../support/seals.ts";
import { alter, flipBit, makeForeign, openLastingStorage, snapshot } from "../support/storages.ts";
import { autoStore, shamirStore } from "../support/stores.ts";
import { BOTH, LAYERED, layers, NEITHER, open, standbyRootKey } from "./support.ts";

const VALUE = Buffer.from("value");

describe("a store with a layer", () => {
  it("is initialised with it, names the seal's key, and never has it around what the seal holds anyhow", async () => {
    const { storage } = await open("layered");
    expect(await layers(storage)).toEqual(BOTH);
    for (const path of LAYERED) {
      expect(decodeWrapped((await storage.get(path))!)).toMatchObject([{ keyInfo: { keyId: "key-a" } }]);
    }
    for (const path of [paths.STORED_KEYS, paths.RECOVERY_KEY, paths.ENCRYPTION_COUNT]) {
      expect(decodeWrapped((await storage.get(path))!)).toBeUndefined();
    }
  });

  it("keeps it through a rotation, a rekey, a new root key and a save of the count, and opens again", async () => {
    const seal = await openStaticSeal();
    const it = await open("layered");
    await it.store.put("a", VALUE);
    await it.store.rotate();
    await rotateRootKey(it.store);
    expect(await layers(it.storage)).toEqual(BOTH);
    const { rootKey } = it.store.barrier.keyring;
    expect(await standbyRootKey(it, seal)).toBe(rootKey.export().toString("base64"));
    const { encryptions } = it.store.barrier;
    await it.store.seal();
    expect(await layers(it.storage)).toEqual(BOTH);
    await it.store.unseal();
    expect(it.store.barrier.keyStatus).toMatchObject({ term: 2, encryptions });
    expect((await it.store.get("a"))!.equals(VALUE)).toBe(true);
  });

  it("reads an entry whose field 4 is unset as plaintext, and never writes one", async () => {
    const it = await open("bare");
    await it.store.seal();
    await alter(it.storage, paths.KEYRING, (entry) =>
      Buffer.concat([encodeBlob({ ciphertext: entry }), Buffer.from("s")]),
    );
    await it.store.unseal();
    await it.store.rewrap.resume();
    expect(await layers(it.storage)).toEqual(NEITHER);
    expect(decodeWrapped((await it.storage.get(paths.KEYRING))!)).toBeUndefined();
  });

  it("leaves everything as it was where the seal is down at a rotation", async () => {
    const inner = await openStaticSeal();
    let down = false;
    const seal = altered(inner, {
      async wrap(plaintext, call) {
        if (down) throw new SealError("SEAL_UNAVAILABLE", "down");
        return inner.wrap(plaintext, call);
      },
    });
    const it = await open("layered", { seal });
    const before = await snapshot(it.storage);
    down = true;
    await rejectsWithCode(it.store.rotate(), "SEAL_UNAVAILABLE");
    expect(it.store.barrier.keyStatus.term).toBe(1);
    expect(await snapshot(it.storage)).toEqual(before);
  });

  it("leaves nothing where the seal fails at the layer of an initialisation", async () => {
    const inner = await openStaticSeal();
    let wraps = 0;
    const seal = altered(inner, {
      async wrap(plaintext, call) {
        // The proof, the root key and the recovery key go well.
        if (++wraps > 3) throw new SealError("SEAL_THROTTLED", "too many");
        return inner.wrap(plaintext, call);
      },
    });
    const storage = openLastingStorage();
    await rejectsWithCode(open("layered", { storage, seal }), "SEAL_THROTTLED");
    expect(await storage.list("")).toEqual([]);
  });

  it("is refused without the seal that the layer needs, whose key is named", async () => {
    const it = await open("layered");
    await it.store.close();
    const other = await openStaticSeal(8, "key-b");
    // The root key is under a seal of the present, and the keyring under one of the past.
    const rootKey = await (await openStaticSeal()).unwrap(decodeBlob((await it.storage.get(paths.STORED_KEYS))!));
    const value = encodeBlob(await other.wrap(rootKey));
    await it.storage.write([{ op: "put", path: paths.STORED_KEYS, value }]);
    const opening = autoStore(it.storage, other).unseal();
    await rejectsWithCode(opening, "WRONG_SEAL");
    await expect(opening).rejects.toThrow(
      /core\/keyring is seal-wrapped, and needs the "static" seal whose key is called "key-a": the seal at hand/,
    );
  });

  it("is refused where people unseal, and the sentence names the key", async () => {
    const layered = await open("layered");
    const keyring = (await layered.storage.get(paths.KEYRING))!;
    const storage = openLastingStorage();
    const store = shamirStore(storage);
    const { unseal } = await store.initialize({ unseal: { shares: 1, threshold: 1 } });
    await storage.write([{ op: "put", path: paths.KEYRING, value: keyring }]);
    const submitted = store.submitShare(unseal[0]!);
    await rejectsWithCode(submitted, "WRONG_SEAL");
    await expect(submitted).rejects.toThrow(/"key-a": the seal at hand \(shamir\)/);
  });

  it("passes an outage at the layer on as an outage", async () => {
    const it = await open("layered");
    await it.store.close();
    const inner = await openStaticSeal();
    let calls = 0;
    const seal = altered(inner, {
      async unwrap(blob, call) {
        if (++calls === 2) throw new SealError("SEAL_UNAVAILABLE", "gone after the first call");
        return inner.unwrap(blob, call);
      },
    });
    await rejectsWithCode(autoStore(it.storage, seal).unseal(), "SEAL_UNAVAILABLE");
  });

  it("opens with no bit of the keyring flipped", async () => {
    const it = await open("layered");
    await it.store.close();
    const stored = Buffer.from((await it.storage.get(paths.KEYRING))!);
    // The key's name is not authenticated by a static seal, which then says that it has no such key.
    for (const bit of [0, 7, 8, 40, 8 * 60 + 3, 8 * (stored.length - 1), 8 * stored.length - 1]) {
      await it.storage.write([{ op: "put", path: paths.KEYRING, value: flipBit(stored, bit) }]);
      const opening = autoStore(it.storage, await openStaticSeal()).unseal();
      await expect(opening).rejects.toMatchObject({ code: expect.stringMatching(/ENTRY_CORRUPT|WRONG_SEAL/) });
    }
  });
});

describe("a store without an auto seal, or foreign", () => {
  it("never has a layer, and nothing is rewritten", async () => {
    const it = await open("bare");
    await it.store.close();
    await makeForeign(it.storage);
    const before = await snapshot(it.storage);
    const opened = await open("layered", { storage: it.storage });
    await opened.store.rewrap.resume();
    await rejectsWithCode(opened.store.rewrap.start(), "SEALED");
    await opened.store.close();
    expect(await snapshot(it.storage)).toEqual(before);
  });
});

describe("wraps of the seal", () => {
  it("are counted by key, failures included, and over restarts", async () => {
    const it = await open("layered");
    const wrapsOf = (store: typeof it.store) => store.sealWraps.map(({ type, keyId, wraps }) => [type, keyId, wraps]);
    // The proof, root key, recovery key, and the layer around two entries.
    expect(wrapsOf(it.store)).toEqual([["static", "key-a", 5]]);
    await it.store.rotate();
    expect(wrapsOf(it.store)).toEqual([["static", "key-a", 7]]);
    await it.store.close();
    const again = await open("layered", { storage: it.storage });
    expect(wrapsOf(again.store)[0]![2]).toBeGreaterThanOrEqual(7);
  });

  it("of an initialisation are on disk once the store is open", async () => {
    const it = await open("layered");
    const stored = JSON.parse(Buffer.from((await it.storage.get(paths.SEAL_WRAPS))!).toString()) as object;
    expect(stored).toEqual(it.store.sealWraps);
    expect(stored).toEqual([{ type: "static", keyId: "key-a", wraps: 5 }]);
  });

  it("give one warning at 2^31", async () => {
    const it = await open("layered");
    await it.store.close();
    const value = Buffer.from(JSON.stringify([{ type: "static", keyId: "key-a", wraps: MANY_WRAPS - 1 }]));
    await it.storage.write([{ op: "put", path: paths.SEAL_WRAPS, value }]);
    const again = await open("layered", { storage: it.storage });
    expect(again.told.usedUp).toEqual([]);
    await again.store.rotate();
    await again.store.rotate();
    expect(again.told.usedUp).toEqual([{ type: "static", keyId: "key-a", wraps: MANY_WRAPS }]);
  });

  it("begin anew where the counts cannot be read", async () => {
    const it = await open("layered");
    await it.store.close();
    await it.storage.write([{ op: "put", path: paths.SEAL_WRAPS, value: Buffer.from("{") }]);
    const again = await open("layered", { storage: it.storage });
    expect(again.store.sealWraps).toEqual([]);
  });
});
