// SPDX-License-Identifier: Apache-2.0
/** Clocks that jump, while seals come and go: no wait, key or ceremony hangs on what time of day it is. */
import { AutoUnsealer, Rekey, recoveryTarget } from "@sealwright/core";
import { SealError } from "@sealwright/seal";
import { afterEach, describe, expect, test, vi } from "vitest";
import { migrationTo, rekeyOfTheRecoveryKey, rootKeyRotation, rotation } from "./support/changes.ts";
import { keyFile } from "./support/services.ts";
import { attachedTo, keeps, openedOf, opens, outstandingOf, storeOf, TWO_OF_THREE } from "./support/stores.ts";

const [a, b, c] = [keyFile("a", 1), keyFile("b", 2), keyFile("c", 3)];
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
});

/** Has the clock of the process show another time; timers run as ever. */
function jump(milliseconds: number): void {
  const time = Date.now() + milliseconds;
  vi.useFakeTimers({ toFake: ["Date"], now: time });
}

describe.each([
  { where: "ahead", years: 10 },
  { where: "back", years: -10 },
])("a clock that jumps ten years $where", ({ years }) => {
  test("between changes of keys and seals leaves a storage that every seal opens, and terms that only grow", async () => {
    let time = Date.now();
    const it = await openedOf([a, b], { now: () => new Date(time) });
    const terms: number[] = [];
    const acts = [rotation, rootKeyRotation, rotation, rekeyOfTheRecoveryKey, migrationTo("b")];
    for (const act of acts) {
      time += years * YEAR_MS;
      await act(it.store, it.shares, "refuse");
      terms.push(it.store.barrier.keyStatus.term);
    }
    expect(terms).toEqual([...terms].sort((x, y) => x - y));
    await it.store.close();
    for (const each of [a, b]) expect(await opens(it.storage, each)).toBe(true);
  });

  test("during a ceremony loses no share that was given before", async () => {
    let time = Date.now();
    const it = await openedOf([a, b]);
    const rekey = new Rekey<null, null>(it.store, recoveryTarget, { now: () => time });
    const deliver = async () => ({ answer: null, entries: [] });
    const request = { numbers: TWO_OF_THREE, verification: "none", term: "keep", details: null, deliver } as const;
    const { nonce } = await rekey.start(request);
    await rekey.submit(nonce, it.shares[0] ?? new Uint8Array());
    // A step of an hour is what a machine makes whose clock was set wrong.
    time += Math.sign(years) * 60 * 60 * 1000;
    expect(rekey.current?.progress).toBe(1);
    expect(await rekey.submit(nonce, it.shares[1] ?? new Uint8Array())).toMatchObject({ complete: true });
    await it.store.close();
  });

  test("while a seal hangs lets the others go on by the deadline all the same", async () => {
    const it = await openedOf([a, b, c], { sealDeadlineMilliseconds: 300 });
    const tap = it.taps.get("c");
    if (tap !== undefined) {
      tap.before = (_operation, call) =>
        new Promise((_resolve, reject) => {
          jump(years * YEAR_MS);
          call?.signal?.addEventListener("abort", () => reject(new SealError("SEAL_TIMEOUT", "c hangs")));
        });
    }
    const began = performance.now();
    await rootKeyRotation(it.store, [], "refuse");
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(Object.keys(await outstandingOf(it))).toEqual(["c"]);
    await it.store.close();
  });

  test("while every seal is away delays the unseal by no more than one pause", async () => {
    const first = await openedOf([a, b]);
    await first.store.close();
    const it = await storeOf([a, b], { storage: first.storage });
    let away = true;
    for (const tap of it.taps.values()) {
      tap.before = async () => {
        if (away) throw new SealError("SEAL_UNAVAILABLE", "nothing listens there");
      };
    }
    const failed = Promise.withResolvers<void>();
    const unsealer = new AutoUnsealer({ store: it.store, onFailure: () => failed.resolve() });
    const run = unsealer.run();
    await failed.promise;
    jump(years * YEAR_MS);
    away = false;
    const back = performance.now();
    await run;
    expect(performance.now() - back).toBeLessThan(5_000);
    expect(await keeps(it.store)).toBe(true);
    await it.store.close();
  });
});

test("a seal that is added and removed while the clock runs backwards is gone all the same", async () => {
  const began = Date.now();
  let looks = 0;
  const it = await openedOf([a], { now: () => new Date(began - ++looks * YEAR_MS) });
  it.store.seals.attach(await attachedTo(b, 2));
  await it.store.seals.add("b");
  expect(await opens(it.storage, b)).toBe(true);
  await it.store.seals.remove("b");
  expect(await opens(it.storage, b)).toBe(false);
  expect(await opens(it.storage, a)).toBe(true);
  await it.store.close();
});
