// SPDX-License-Identifier: Apache-2.0
/** Saving the count through a seal that may be slow, hang or fail: nobody waits, nothing is lost, nothing counts twice. */
import {
  barrierTarget,
  type EntryLayer,
  openBarrier,
  Rekey,
  rotateRootKey,
  SealedStore,
  type Storage,
  StorageError,
  soleSeal,
  type WrapKeyring,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Observed, observed } from "../support/observed.ts";
import { openStaticSeal } from "../support/seals.ts";
import { delegate, fallible, openLastingStorage } from "../support/storages.ts";

const VALUE = Buffer.from("value");
const INTERVAL = 5 * 60_000;

/** A keyring layer that changes nothing and takes as long as it is told to. */
class SlowWrap {
  milliseconds = 0;
  failure: unknown;
  calls = 0;
  aborted = 0;
  readonly layer = (): EntryLayer => ({ wrap: this.wrap, wrapForAll: this.wrap, fits: () => true });
  readonly wrap: WrapKeyring = async (path, value, signal) => {
    this.calls++;
    signal?.addEventListener("abort", () => this.aborted++);
    if (this.milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, this.milliseconds));
    if (this.failure !== undefined) throw this.failure;
    return [{ op: "put", path, value }];
  };
}

interface Opened {
  readonly store: SealedStore;
  readonly storage: Storage;
  readonly slow: SlowWrap;
  readonly told: Observed;
}

async function open(storage: Storage = openLastingStorage(), timeout?: number): Promise<Opened> {
  const slow = new SlowWrap();
  const told = observed();
  const store = new SealedStore({
    storage,
    shares: shamir,
    seals: soleSeal(await openStaticSeal()),
    observer: told,
    layer: slow.layer,
    ...(timeout === undefined ? {} : { countSaveTimeoutMilliseconds: timeout }),
  });
  if (!(await store.status()).initialized) await store.initialize({});
  await store.unseal();
  return { store, storage, slow, told };
}

async function savedIn({ storage, store }: Opened): Promise<bigint> {
  return (await openBarrier(storage, store.barrier.keyring.rootKey)).keyring.active.encryptions;
}

async function putMany(store: SealedStore, number: number): Promise<void> {
  for (let each = 0; each < number; each++) await store.put(`a/${each % 10}`, VALUE);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the count of an open store", () => {
  it("is saved every five minutes when it moved, and not otherwise", async () => {
    const it = await open();
    await putMany(it.store, 3);
    const { encryptions } = it.store.barrier;
    await vi.advanceTimersByTimeAsync(INTERVAL - 1);
    expect(it.told.saves).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(it.told.saves).toMatchObject([{ outcome: "saved", encryptions, occasion: "interval" }]);
    expect(await savedIn(it)).toBe(encryptions);
    await vi.advanceTimersByTimeAsync(3 * INTERVAL);
    expect(it.told.saves).toHaveLength(1);
  });

  it("is saved no more once the store is sealed", async () => {
    const it = await open();
    await it.store.seal();
    const saves = it.told.saves.length;
    await vi.advanceTimersByTimeAsync(3 * INTERVAL);
    expect(it.told.saves).toHaveLength(saves);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("times out after a second where nothing else is set, leaves the call alone, and is saved the next time", async () => {
    const it = await open();
    it.slow.milliseconds = 5_000;
    await putMany(it.store, 10);
    await vi.advanceTimersByTimeAsync(INTERVAL + 1_000);
    expect(it.told.saves).toMatchObject([{ outcome: "timeout", timeoutMilliseconds: 1_000 }]);
    expect(it.told.saves[0]!.milliseconds).toBeGreaterThanOrEqual(1_000);
    expect(it.slow.aborted).toBe(1);
    const live = it.store.barrier.encryptions;
    // The late answer is dropped.
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await savedIn(it)).toBeLessThan(live);
    it.slow.milliseconds = 0;
    await putMany(it.store, 5);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(it.told.saves.at(-1)).toMatchObject({ outcome: "saved", encryptions: live + 5n });
    expect(await savedIn(it)).toBe(live + 5n);
    expect(it.store.barrier.encryptions).toBe(live + 5n);
  });

  it("is saved through a seal of five seconds where eight are allowed", async () => {
    const it = await open(openLastingStorage(), 8_000);
    it.slow.milliseconds = 5_000;
    await putMany(it.store, 10);
    await vi.advanceTimersByTimeAsync(INTERVAL + 5_000);
    expect(it.told.saves).toMatchObject([{ outcome: "saved", milliseconds: 5_000 }]);
    expect(await savedIn(it)).toBe(it.store.barrier.encryptions);
  });

  it("keeps nobody waiting: a thousand puts and gets complete while the seal is held", async () => {
    const it = await open(openLastingStorage(), 8_000);
    it.slow.milliseconds = 5_000;
    await putMany(it.store, 1);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(it.slow.calls).toBeGreaterThan(1);
    const atSnapshot = it.store.barrier.encryptions;
    for (let each = 0; each < 1000; each++) {
      await it.store.put(`b/${each}`, VALUE);
      expect((await it.store.get(`b/${each}`))!.equals(VALUE)).toBe(true);
    }
    expect(it.told.saves).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(it.told.saves).toMatchObject([{ outcome: "saved", encryptions: atSnapshot }]);
    expect(it.store.barrier.encryptions).toBe(atSnapshot + 1000n);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(await savedIn(it)).toBe(atSnapshot + 1000n);
  });

  it("is dropped where a rotation came in between: the newer keyring wins", async () => {
    const it = await open(openLastingStorage(), 8_000);
    it.slow.milliseconds = 5_000;
    await putMany(it.store, 10);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    it.slow.milliseconds = 0;
    await it.store.rotate();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(it.told.saves).toMatchObject([{ outcome: "superseded" }]);
    const reopened = await openBarrier(it.storage, it.store.barrier.keyring.rootKey);
    expect(reopened.keyring.active.term).toBe(2);
  });

  it("is dropped where the store was sealed meanwhile, whose own save is exact", async () => {
    const it = await open(openLastingStorage(), 8_000);
    it.slow.milliseconds = 5_000;
    await putMany(it.store, 10);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    await putMany(it.store, 10);
    const { encryptions } = it.store.barrier;
    it.slow.milliseconds = 0;
    await it.store.seal();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(it.told.saves.map(({ outcome }) => outcome)).toEqual(["saved", "superseded"]);
    await it.store.unseal();
    expect(it.store.barrier.encryptions).toBe(encryptions);
  });

  it("survives saves that fail: nothing is lost, and nothing counts twice", async () => {
    const it = await open();
    const start = it.store.barrier.encryptions;
    it.slow.failure = new SealError("SEAL_UNAVAILABLE", "no answer");
    for (let round = 0; round < 3; round++) {
      await putMany(it.store, 100);
      await vi.advanceTimersByTimeAsync(INTERVAL);
    }
    expect(it.told.saves.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "failed"]);
    expect(it.store.barrier.encryptions).toBe(start + 300n);
    it.slow.failure = undefined;
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(await savedIn(it)).toBe(start + 300n);
    expect(it.store.barrier.encryptions).toBe(start + 300n);
  });

  it("survives a disk that is full when it is saved", async () => {
    const storage = fallible(openLastingStorage());
    const it = await open(storage);
    await putMany(it.store, 10);
    const { encryptions } = it.store.barrier;
    storage.full = true;
    await vi.advanceTimersByTimeAsync(INTERVAL);
    storage.full = false;
    expect(it.told.saves).toMatchObject([{ outcome: "failed", error: { code: "STORAGE_FAILED" } }]);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(await savedIn(it)).toBe(encryptions);
  });
});

describe("the timeout of the save", () => {
  it("is the seal's: a disk that fails after it is told as the disk's failure", async () => {
    const inner = openLastingStorage();
    let seconds = 0;
    const storage: Storage = {
      ...delegate(inner),
      async write(batch) {
        if (seconds === 0) return inner.write(batch);
        await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
        throw new StorageError("STORAGE_FAILED", "the disk is gone");
      },
    };
    const it = await open(storage, 1_000);
    await putMany(it.store, 10);
    seconds = 3;
    await vi.advanceTimersByTimeAsync(INTERVAL + 3_000);
    expect(it.told.saves).toMatchObject([{ outcome: "failed", error: { code: "STORAGE_FAILED" } }]);
  });

  it("does not cut a rotation, a rekey or an initialisation short", async () => {
    const it = await open(openLastingStorage(), 1_000);
    it.slow.milliseconds = 5_000;
    const rotated = it.store.rotate();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await rotated).toMatchObject({ term: 2 });
    const rekeyed = rotateRootKey(it.store);
    const { rootKey } = it.store.barrier.keyring;
    // The root key, and then the layer around the entries that it is in.
    await vi.advanceTimersByTimeAsync(10_000);
    await rekeyed;
    expect(it.store.barrier.keyring.rootKey.equals(rootKey)).toBe(false);
    const fresh = new SealedStore({
      storage: openLastingStorage(),
      shares: shamir,
      seals: soleSeal(await openStaticSeal()),
      layer: it.slow.layer,
    });
    const initialised = fresh.initialize({});
    await vi.advanceTimersByTimeAsync(5_000);
    await initialised;
    expect((await fresh.status()).initialized).toBe(true);
  });

  it("bounds sealing where the seal hangs for ever; the next start counts from the ceiling", async () => {
    const it = await open(openLastingStorage(), 1_000);
    await putMany(it.store, 10);
    const { encryptions } = it.store.barrier;
    it.slow.milliseconds = 1e9;
    const sealed = it.store.seal();
    await vi.advanceTimersByTimeAsync(1_000);
    await sealed;
    expect(it.told.saves).toMatchObject([{ outcome: "timeout", occasion: "sealing", encryptions }]);
    it.slow.milliseconds = 0;
    await it.store.unseal();
    expect(it.store.barrier.encryptions).toBeGreaterThanOrEqual(encryptions);
  });

  it("leaves the old key active where the seal does not wrap a rotation's keyring", async () => {
    const it = await open();
    it.slow.failure = new SealError("SEAL_TIMEOUT", "no answer in time");
    await rejectsWithCode(it.store.rotate(), "SEAL_TIMEOUT");
    expect(it.store.barrier.keyStatus.term).toBe(1);
    await putMany(it.store, 3);
    it.slow.failure = undefined;
    expect(await it.store.rotate()).toMatchObject({ term: 2 });
  });
});

describe("ten minutes of 200 puts a second", () => {
  it("are counted exactly, across a rotation, a rekey and three failing saves", { timeout: 60_000 }, async () => {
    const storage = openLastingStorage();
    const slow = new SlowWrap();
    const told = observed();
    const deps = {
      storage,
      shares: shamir,
      seals: soleSeal(await openStaticSeal()),
      observer: told,
      layer: slow.layer,
    };
    const store = new SealedStore({ ...deps, upkeepIntervalMilliseconds: 60_000 });
    const { recovery } = await store.initialize({ recovery: { shares: 1, threshold: 1 } });
    await store.unseal();
    const rekey = new Rekey<null, null>(store, barrierTarget);
    let expected = store.barrier.encryptions;
    for (let second = 1; second <= 600; second++) {
      slow.failure = [61, 121, 181].includes(second + 1) ? new SealError("SEAL_UNAVAILABLE", "down") : undefined;
      for (let each = 0; each < 200; each++) await store.put(`a/${each}`, VALUE);
      expected += 200n;
      if (second === 290) {
        await store.rotate();
        // The root key for standbys and the ceiling, under the new key.
        expected = 2n;
      }
      if (second === 400) {
        const numbers = { shares: 0, threshold: 0 };
        const deliver = async () => ({ answer: null, entries: [] });
        await rekey.start({ numbers, verification: "none", term: "keep", details: null, deliver });
        await rekey.submit(rekey.current!.nonce, recovery[0]!);
        // The root key for standbys again.
        expected += 1n;
      }
      await vi.advanceTimersByTimeAsync(1_000);
      expect(store.barrier.encryptions).toBe(expected);
    }
    expect(told.saves.filter(({ outcome }) => outcome === "failed")).toHaveLength(3);
    expect(told.saves.filter(({ outcome }) => outcome === "saved").length).toBeGreaterThanOrEqual(6);
    await store.seal();
    await store.unseal();
    expect(store.barrier.encryptions).toBe(expected);
    await store.close();
  });
});
