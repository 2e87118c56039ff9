// SPDX-License-Identifier: Apache-2.0
/** The data key is replaced without being asked: by count, by interval, by age; once for one reason. */
import {
  configureRotation,
  newKeyring,
  paths,
  type RotationConfig,
  SealedStore,
  type Storage,
  soleSeal,
  withEncryptions,
  withRotation,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { rotationDue } from "../../src/upkeep/rotation-due.ts";
import { type Observed, observed } from "../support/observed.ts";
import { openStaticSeal } from "../support/seals.ts";
import { fallible, makeForeign, openLastingStorage, snapshot } from "../support/storages.ts";

const INSTALLED = "2026-01-01T00:00:00Z";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const CHECK = 5 * 60_000;
const VALUE = Buffer.from("v");

const after = (milliseconds: number): Date => new Date(Date.parse(INSTALLED) + milliseconds);

function keyringWith(saved: bigint, rotation: Partial<RotationConfig> = {}) {
  const keyring = newKeyring(INSTALLED);
  return withEncryptions(withRotation(keyring, { ...keyring.rotation, ...rotation }), saved);
}

describe("a rotation is due", () => {
  it.each([
    { made: 3_865_470_565n, reason: undefined },
    { made: 3_865_470_566n, reason: "operations" },
    { made: 2n ** 40n, reason: "operations" },
  ])("by a count of $made: $reason", ({ made, reason }) => {
    expect(rotationDue(keyringWith(1n), made, after(0))).toBe(reason);
  });

  it.each([
    { age: 2 * DAY - 1, interval: 48n, reason: undefined },
    { age: 2 * DAY, interval: 48n, reason: "interval" },
    { age: 100 * DAY, interval: 0n, reason: undefined },
    // The clock was put back.
    { age: -DAY, interval: 24n, reason: undefined },
  ])("at an age of $age ms under an interval of $interval hours: $reason", ({ age, interval, reason }) => {
    const keyring = keyringWith(1n, { intervalNanoseconds: interval * 3_600_000_000_000n });
    expect(rotationDue(keyring, 1n, after(age))).toBe(reason);
  });

  it.each([
    { age: YEAR, saved: 0n, reason: undefined },
    { age: YEAR + 1, saved: 0n, reason: "age" },
    { age: 3 * YEAR, saved: 1n, reason: undefined },
  ])("after $age ms with $saved encryptions saved: $reason", ({ age, saved, reason }) => {
    expect(rotationDue(keyringWith(saved), saved, after(age))).toBe(reason);
  });

  it("never while it is switched off", () => {
    const off = keyringWith(0n, { disabled: true, intervalNanoseconds: 1n });
    expect(rotationDue(off, 2n ** 33n, after(9 * YEAR))).toBeUndefined();
  });
});

describe("an open store", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: after(0) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function open(storage: Storage = openLastingStorage()): Promise<{ store: SealedStore; told: Observed }> {
    const told = observed();
    const store = new SealedStore({ storage, shares: shamir, seals: soleSeal(await openStaticSeal()), observer: told });
    if (!(await store.status()).initialized) await store.initialize({});
    await store.unseal();
    return { store, told };
  }

  /** Puts `number` entries, many at a time. */
  async function putMany(store: SealedStore, number: number): Promise<void> {
    for (let left = number; left > 0; left -= 500) {
      const batch = Array.from({ length: Math.min(left, 500) }, () => ({
        op: "put" as const,
        path: "a",
        value: VALUE,
      }));
      await store.barrier.write(batch);
    }
  }

  it("rotates at its interval, once, and again an interval later", async () => {
    const { store, told } = await open();
    await configureRotation(store, { intervalNanoseconds: 24n * 3_600_000_000_000n });
    await vi.advanceTimersByTimeAsync(DAY - CHECK);
    expect(told.rotations).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * CHECK);
    expect(told.rotations).toEqual(["interval"]);
    await vi.advanceTimersByTimeAsync(DAY - 2 * CHECK);
    expect(told.rotations).toEqual(["interval"]);
    await vi.advanceTimersByTimeAsync(3 * CHECK);
    expect(told.rotations).toEqual(["interval", "interval"]);
    expect(store.barrier.keyStatus.term).toBe(3);
  });

  it("rotates by its live count while it is written to, without waiting for the next check", async () => {
    const { store, told } = await open();
    await configureRotation(store, { maxOperations: 1_000_000n });
    await putMany(store, 1_010_000);
    await vi.advanceTimersByTimeAsync(0);
    expect(told.rotations).toEqual(["operations"]);
    expect(store.barrier.keyStatus.term).toBe(2);
    expect(store.barrier.encryptions).toBeLessThan(20_000n);
  }, 60_000);

  it("rotates at unseal what is due since it was sealed", async () => {
    const storage = openLastingStorage();
    const { store } = await open(storage);
    await configureRotation(store, { intervalNanoseconds: 24n * 3_600_000_000_000n });
    await store.close();
    vi.setSystemTime(after(DAY + HOUR));
    const next = await open(storage);
    await vi.advanceTimersByTimeAsync(0);
    expect(next.told.rotations).toEqual(["interval"]);
    expect(next.store.barrier.keyStatus.term).toBe(2);
    await vi.advanceTimersByTimeAsync(5 * CHECK);
    expect(next.told.rotations).toEqual(["interval"]);
  });

  it("waits for whoever has the keys for himself, and does not rotate where that added a term", async () => {
    const { store, told } = await open();
    await configureRotation(store, { intervalNanoseconds: 24n * 3_600_000_000_000n });
    const gate = Promise.withResolvers<void>();
    const held = store.exclusively(() => gate.promise);
    const rotated = store.rotate();
    vi.setSystemTime(after(DAY + HOUR));
    await vi.advanceTimersByTimeAsync(2 * CHECK);
    expect([told.rotations, store.barrier.keyStatus.term]).toEqual([[], 1]);
    gate.resolve();
    await Promise.all([held, rotated]);
    await vi.advanceTimersByTimeAsync(2 * CHECK);
    expect([told.rotations, store.barrier.keyStatus.term]).toEqual([[], 2]);
  });

  it("tells that it could not rotate, keeps the old key, and tries again", async () => {
    const storage = fallible(openLastingStorage());
    const { store, told } = await open(storage);
    await configureRotation(store, { intervalNanoseconds: 24n * 3_600_000_000_000n });
    storage.full = true;
    await vi.advanceTimersByTimeAsync(DAY + CHECK);
    expect(told.failedRotations.length).toBeGreaterThan(0);
    expect(told.failedRotations[0]).toMatchObject({ code: "STORAGE_FAILED" });
    expect(store.barrier.keyStatus.term).toBe(1);
    storage.full = false;
    await vi.advanceTimersByTimeAsync(CHECK);
    expect([told.rotations, store.barrier.keyStatus.term]).toEqual([["interval"], 2]);
  });

  it("makes no keys for standbys, which this storage has none of, and deletes those that were left behind", async () => {
    const storage = openLastingStorage();
    const { store } = await open(storage);
    await store.rotate();
    expect(await storage.list(paths.UPGRADES)).toEqual([]);
    await store.close();
    await storage.write([{ op: "put", path: `${paths.UPGRADES}1`, value: VALUE }]);
    await open(storage);
    expect(await storage.list(paths.UPGRADES)).toEqual([]);
  });

  it("neither rotates nor tidies a foreign storage, however old its key is", async () => {
    const storage = openLastingStorage();
    const { store } = await open(storage);
    await store.close();
    await makeForeign(storage);
    await storage.write([{ op: "put", path: `${paths.UPGRADES}1`, value: VALUE }]);
    const before = await snapshot(storage);
    vi.setSystemTime(after(3 * YEAR));
    const next = await open(storage);
    await vi.advanceTimersByTimeAsync(3 * CHECK);
    expect(next.told.rotations).toEqual([]);
    await next.store.close();
    expect(await snapshot(storage)).toEqual(before);
    expect(await storage.list(paths.OURS)).toEqual([]);
  });
});
