// SPDX-License-Identifier: Apache-2.0
import {
  Barrier,
  type Keyring,
  newKeyring,
  openBarrier,
  paths,
  rotateKeyring,
  type Storage,
  unwrappedKeyring,
  withEncryptions,
} from "@sealwright/core";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { alter, delegate, fallible, holdable, snapshot } from "./support/storages.ts";

const NOW = "2026-01-02T03:04:05.678Z";
const LATER = "2026-02-02T03:04:05.678Z";
const VALUE = Buffer.from("value");

/** A barrier whose count has no ceiling, as on a foreign storage: the tests of counting are about the others. */
function withoutCeiling(storage: Storage, keyring: Keyring): Barrier {
  return Barrier.resume(storage, keyring, { count: keyring.active.encryptions, ready: undefined, limited: false });
}

describe("a barrier", () => {
  it("stores no plaintext and gives it back", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("app/db", VALUE);
    expect(Buffer.from((await storage.get("app/db"))!).includes(VALUE)).toBe(false);
    expect((await barrier.get("app/db"))!.equals(VALUE)).toBe(true);
    expect(await barrier.get("app/other")).toBeUndefined();
    expect(await barrier.list("app/")).toEqual(["db"]);
  });

  it("refuses an entry that was copied from another path", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("app/admin", VALUE);
    await storage.write([{ op: "put", path: "app/guest", value: (await storage.get("app/admin"))! }]);
    await rejectsWithCode(barrier.get("app/guest"), "ENTRY_CORRUPT");
  });

  it("refuses an entry whose term it does not have", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("app/db", VALUE);
    await alter(storage, "app/db", (entry) => Buffer.concat([Buffer.from([0, 0, 0, 9]), entry.subarray(4)]));
    const error = await rejectsWithCode(barrier.get("app/db"), "ENTRY_CORRUPT");
    expect(error.message).toContain("term 9");
  });

  it("counts every encryption, and neither reads nor deletes", async () => {
    const barrier = withoutCeiling(openMemoryStorage(), newKeyring(NOW));
    await barrier.write([
      { op: "put", path: "a", value: VALUE },
      { op: "put", path: "b", value: VALUE },
      { op: "delete", path: "c" },
    ]);
    await barrier.get("a");
    await barrier.delete("a");
    expect(barrier.encryptions).toBe(2n);
  });

  it("goes on from a saved count, exactly beyond 2^53", async () => {
    const saved = withEncryptions(newKeyring(NOW), 9_007_199_254_740_993n);
    const barrier = withoutCeiling(openMemoryStorage(), saved);
    await barrier.encryptFor(barrier.keyFor(saved), [{ op: "put", path: "a", value: VALUE }]);
    expect(barrier.encryptions).toBe(9_007_199_254_740_994n);
  });

  it("refuses data shortly before 2^32 encryptions as KEY_EXHAUSTED, counts and stores nothing, until a rotation", async () => {
    const last = (1n << 32n) - (1n << 16n);
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, withEncryptions(newKeyring(NOW), last - 2n));
    const two = [
      { op: "put", path: "b", value: VALUE },
      { op: "put", path: "c", value: VALUE },
    ] as const;
    await barrier.put("a", VALUE);
    expect((await rejectsWithCode(barrier.write(two), "KEY_EXHAUSTED")).message).toContain("term 1");
    await barrier.encrypt("token", VALUE);
    await rejectsWithCode(barrier.put("a", Buffer.from("other")), "KEY_EXHAUSTED");
    await rejectsWithCode(barrier.encrypt("token", VALUE), "KEY_EXHAUSTED");
    expect(barrier.encryptions).toBe(last);
    expect((await barrier.get("a"))!.equals(VALUE)).toBe(true);
    expect(await barrier.list("")).toEqual(["a"]);
    await barrier.delete("a");
    await rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    await barrier.write(two);
    expect(barrier.keyStatus.term).toBe(2);
  });

  it("counts what the storage then refused, since the nonce was used", async () => {
    const storage = fallible(openMemoryStorage());
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    storage.full = true;
    await rejectsWithCode(barrier.put("a", VALUE), "STORAGE_FAILED");
    expect(barrier.encryptions).toBe(1n);
  });

  it.each(["", "/a", "a//b", "a/../b", "a\0b", "_a"])(
    "refuses the path %j without encrypting anything",
    async (path) => {
      const storage = openMemoryStorage();
      const barrier = withoutCeiling(storage, newKeyring(NOW));
      const batch = [{ op: "put", path: "fine", value: VALUE } as const, { op: "put", path, value: VALUE } as const];
      await rejectsWithCode(barrier.write(batch), "STORAGE_PATH");
      expect(barrier.encryptions).toBe(0n);
      expect(await storage.list("")).toEqual([]);
    },
  );

  it("hands out its final count when locked, and once only", async () => {
    const barrier = withoutCeiling(openMemoryStorage(), newKeyring(NOW));
    await barrier.put("a", VALUE);
    expect(barrier.lock()!.keyring.active.encryptions).toBe(1n);
    expect(barrier.lock()).toBeUndefined();
  });

  it("refuses everything once locked", async () => {
    const barrier = withoutCeiling(openMemoryStorage(), newKeyring(NOW));
    barrier.lock();
    for (const use of [
      () => barrier.get("a"),
      () => barrier.list(""),
      () => barrier.put("a", VALUE),
      () => barrier.delete("a"),
      () => barrier.write([]),
      () => barrier.encrypt("a", VALUE),
      () => barrier.keyring,
      () => barrier.keyStatus,
      () => barrier.encryptions,
      () => barrier.prepareKey(),
      () => barrier.keyFor(newKeyring(NOW)),
    ]) {
      await rejectsWithCode(use, "SEALED");
    }
    expect(barrier.lock()).toBeUndefined();
  });

  it("gives out nothing that it was still reading when it was locked", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("a", VALUE);
    const reading = barrier.get("a");
    barrier.lock();
    await rejectsWithCode(reading, "SEALED");
  });
});

describe("a rotation of the keyring", () => {
  it("writes keyring and root key as one batch, deletes the legacy root key, and leaves data alone", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("app/db", VALUE);
    await barrier.put("core/master", VALUE);
    const before = await snapshot(storage);
    await rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    const after = await snapshot(storage);
    expect(Object.keys(after).sort()).toEqual(["app/db", paths.KEYRING, paths.ROOT_KEY]);
    expect(after["app/db"]).toBe(before["app/db"]);
  });

  it("counts the encryption of the root key for standbys under the new key, on disk too", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("a", VALUE);
    await rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    const reopened = await openBarrier(storage, barrier.keyring.rootKey);
    const expected = { term: 2, installTime: LATER, encryptions: 1n };
    expect([barrier.keyStatus, reopened.keyStatus]).toEqual([expected, expected]);
    expect((await reopened.get("a"))!.equals(VALUE)).toBe(true);
  });

  it("that cannot be written leaves the old key active and its count as it was", async () => {
    const storage = fallible(openMemoryStorage());
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("a", VALUE);
    storage.full = true;
    const before = await snapshot(storage);
    await rejectsWithCode(rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER), "STORAGE_FAILED");
    storage.full = false;
    expect(barrier.keyStatus).toEqual({ term: 1, installTime: NOW, encryptions: 1n });
    expect(await snapshot(storage)).toEqual(before);
    await barrier.put("b", VALUE);
    expect((await barrier.get("b"))!.equals(VALUE)).toBe(true);
  });

  it("lets puts go on with the old key until it is on disk", async () => {
    const storage = holdable(openMemoryStorage());
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    const { arrived, release } = storage.hold();
    const rotation = rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    await arrived;
    await barrier.put("during", VALUE);
    expect(barrier.keyStatus.term).toBe(1);
    release();
    await rotation;
    await barrier.put("after", VALUE);
    expect((await barrier.get("during"))!.equals(VALUE)).toBe(true);
    expect(Buffer.from((await storage.get("during"))!).readUInt32BE()).toBe(1);
    expect(Buffer.from((await storage.get("after"))!).readUInt32BE()).toBe(2);
  });

  it("leaves a barrier locked that was locked while it was being written", async () => {
    const storage = holdable(openMemoryStorage());
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("a", VALUE);
    const { arrived, release } = storage.hold();
    const rotation = rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    await arrived;
    barrier.lock();
    release();
    await rotation;
    expect(() => barrier.keyring).toThrow(expect.objectContaining({ code: "SEALED" }));
    await rejectsWithCode(barrier.get("a"), "SEALED");
  });

  it("does not make a read fail that began before it and finds an entry of the new term", async () => {
    const memory = openMemoryStorage();
    const reading = Promise.withResolvers<void>();
    const storage = {
      ...delegate(memory),
      async get(path: string) {
        if (path === "a") await reading.promise;
        return memory.get(path);
      },
    };
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await barrier.put("a", Buffer.from("old"));
    const read = barrier.get("a");
    await rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    await barrier.put("a", Buffer.from("new"));
    reading.resolve();
    expect((await read)!.toString()).toBe("new");
  });

  it("refuses to open a keyring entry that names another term than 1", async () => {
    const storage = openMemoryStorage();
    const barrier = withoutCeiling(storage, newKeyring(NOW));
    await rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, LATER);
    await alter(storage, paths.KEYRING, (entry) => Buffer.concat([Buffer.from([0, 0, 0, 2]), entry.subarray(4)]));
    await rejectsWithCode(openBarrier(storage, barrier.keyring.rootKey), "ENTRY_CORRUPT");
  });

  it("refuses to open where there is no keyring", async () => {
    const { rootKey } = newKeyring(NOW);
    await rejectsWithCode(openBarrier(openMemoryStorage(), rootKey), "STORAGE_INCOMPLETE");
  });
});
