// SPDX-License-Identifier: Apache-2.0
/** Rewriting entries in the background: turned on, turned off, asked for, stopped by an outage, killed half way. */
import { paths, type Storage, StorageError } from "@sealwright/core";
import { type Seal, SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it, vi } from "vitest";
import { altered, openStaticSeal } from "../support/seals.ts";
import { delegate, openLastingStorage } from "../support/storages.ts";
import { BOTH, layers, NEITHER, open, rewrapped, standbyRootKey } from "./support.ts";

const VALUE = Buffer.from("value");

/** A seal whose wraps fail, or wait, while that is asked for. */
async function moody(): Promise<{ seal: Seal; down: boolean; held: Promise<void> | undefined }> {
  const inner = await openStaticSeal();
  const mood = { seal: inner, down: false, held: undefined as Promise<void> | undefined };
  mood.seal = altered(inner, {
    async wrap(plaintext, call) {
      await mood.held;
      if (mood.down) throw new SealError("SEAL_UNAVAILABLE", "the HSM is down");
      return inner.wrap(plaintext, call);
    },
  });
  return mood;
}

describe("turning seal wrap on and off", () => {
  it("rewrites every entry after the next unseal, and the content stays", async () => {
    const seal = await openStaticSeal();
    const first = await open("bare");
    await first.store.put("a", VALUE);
    const { encryptions } = first.store.barrier;
    await first.store.close();
    expect(await layers(first.storage)).toEqual(NEITHER);
    const on = await open("layered", { storage: first.storage });
    await rewrapped(on);
    expect(await layers(on.storage)).toEqual(BOTH);
    expect(on.store.rewrap.status).toEqual({ running: false, processed: 2, succeeded: 2, failed: 0 });
    // The root key for standbys was encrypted anew.
    expect(on.store.barrier.encryptions).toBe(encryptions + 1n);
    await on.store.close();
    const off = await open("bare", { storage: first.storage });
    await rewrapped(off);
    expect(await layers(off.storage)).toEqual(NEITHER);
    expect(await standbyRootKey(off, seal)).toBe(off.store.barrier.keyring.rootKey.export().toString("base64"));
    expect((await off.store.get("a"))!.equals(VALUE)).toBe(true);
    expect(await off.storage.get(paths.REWRAP)).toBeUndefined();
  });

  it("does nothing where the entries are as they should be", async () => {
    const it = await open("layered");
    await it.store.rewrap.resume();
    expect(it.told.rewraps).toEqual([]);
    expect(it.store.rewrap.status).toEqual({ running: false, processed: 0, succeeded: 0, failed: 0 });
  });
});

describe("a rewrap that is asked for", () => {
  it("writes every entry by the seal's present key", async () => {
    const it = await open("layered");
    const before = await it.storage.get(paths.KEYRING);
    expect(await it.store.rewrap.start()).toBe("started");
    await rewrapped(it);
    expect(await it.storage.get(paths.KEYRING)).not.toEqual(before);
    expect(await layers(it.storage)).toEqual(BOTH);
    expect(await it.storage.get(paths.REWRAP)).toBeUndefined();
  });

  it("runs once at a time, while puts and rotations go on", async () => {
    const mood = await moody();
    const it = await open("layered", { seal: mood.seal });
    const gate = Promise.withResolvers<void>();
    mood.held = gate.promise;
    expect(await it.store.rewrap.start()).toBe("started");
    expect(await it.store.rewrap.start()).toBe("running");
    expect(it.store.rewrap.status.running).toBe(true);
    for (let each = 0; each < 100; each++) await it.store.put(`a/${each}`, VALUE);
    const rotation = it.store.rotate();
    gate.resolve();
    expect(await rotation).toMatchObject({ term: 2 });
    await rewrapped(it);
    expect(it.told.rewraps).toMatchObject([{ succeeded: 2, failed: 0 }]);
    await it.store.seal();
    await it.store.unseal();
    expect(it.store.barrier.keyStatus.term).toBe(2);
  });

  it("is refused while the store is sealed", async () => {
    const it = await open("layered");
    await it.store.seal();
    await rejectsWithCode(it.store.rewrap.start(), "SEALED");
  });
});

describe("a rewrap that an outage stops", () => {
  it("reports the failed entries by count, keeps them as they were and in place, and finishes later", async () => {
    const mood = await moody();
    const it = await open("layered", { seal: mood.seal });
    const before = await it.storage.get(paths.KEYRING);
    mood.down = true;
    await it.store.rewrap.start();
    await rewrapped(it);
    expect(it.store.rewrap.status).toEqual({ running: false, processed: 2, succeeded: 0, failed: 2 });
    expect(it.told.failedRewraps).toEqual([paths.STORED_KEYS, paths.KEYRING, paths.ROOT_KEY]);
    expect(await it.storage.get(paths.KEYRING)).toEqual(before);
    expect(JSON.parse(Buffer.from((await it.storage.get(paths.REWRAP))!).toString())).toMatchObject({
      left: [paths.KEYRING, paths.ROOT_KEY],
    });
    mood.down = false;
    await it.store.rewrap.resume();
    expect(it.store.rewrap.status).toEqual({ running: false, processed: 2, succeeded: 2, failed: 0 });
    expect(await it.storage.get(paths.REWRAP)).toBeUndefined();
  });

  it("drops no entry where only one fails", async () => {
    const inner = await openStaticSeal();
    let wraps = Number.NEGATIVE_INFINITY;
    const seal = altered(inner, {
      async wrap(plaintext, call) {
        // The first one is the proof before the root key.
        if (++wraps === 2) throw new SealError("SEAL_TIMEOUT", "no answer");
        return inner.wrap(plaintext, call);
      },
    });
    const it = await open("layered", { seal });
    wraps = 0;
    await it.store.rewrap.start();
    await rewrapped(it);
    expect(it.store.rewrap.status).toEqual({ running: false, processed: 2, succeeded: 1, failed: 1 });
    await it.store.rewrap.resume();
    expect(it.store.rewrap.status).toMatchObject({ succeeded: 2, failed: 0 });
    expect(await layers(it.storage)).toEqual(BOTH);
  });
});

describe("a process that is killed in the middle of a rewrap", () => {
  /** A storage that takes `batches` more and then none, as if the process were gone. */
  function dying(storage: Storage): { storage: Storage; batches: number } {
    const it = { storage, batches: Number.POSITIVE_INFINITY };
    it.storage = {
      ...delegate(storage),
      async write(batch) {
        if (it.batches-- <= 0) throw new StorageError("STORAGE_CLOSED", "killed");
        await storage.write(batch);
      },
    };
    return it;
  }

  it.each([0, 1, 2, 3, 4, 5])(
    "after %i batches leaves a storage that opens, and the next one finishes",
    async (batches) => {
      const home = openLastingStorage();
      const killed = dying(home);
      const first = await open("layered", { storage: killed.storage });
      await first.store.put("a", VALUE);
      const keyring = await home.get(paths.KEYRING);
      killed.batches = batches;
      const started = await first.store.rewrap.start().catch((error: unknown) => error);
      await vi.waitFor(() => expect(first.store.rewrap.status.running).toBe(false));
      const again = await open("layered", { storage: home });
      expect((await again.store.get("a"))!.equals(VALUE)).toBe(true);
      await again.store.rewrap.resume();
      expect(await layers(home)).toEqual(BOTH);
      expect(await home.get(paths.REWRAP)).toBeUndefined();
      if (started === "started") expect(await home.get(paths.KEYRING)).not.toEqual(keyring);
      else expect(started).toMatchObject({ code: "STORAGE_CLOSED" });
      expect(again.store.barrier.encryptions).toBeGreaterThan(2n);
    },
  );
});
