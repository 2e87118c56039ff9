// SPDX-License-Identifier: Apache-2.0
import { AutoUnsealer, CoreError, explainUnsealFailure, StorageError, type UnsealFailure } from "@sealwright/core";
import { type Seal, SealError } from "@sealwright/seal";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { altered, hanging, openStaticSeal } from "./support/seals.ts";
import { openLastingStorage } from "./support/storages.ts";
import { autoStore, initializedAuto } from "./support/stores.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An unsealer over a seal that is down until `up` is called; `attempts` are the times of the calls to it. */
async function unsealerOver(initialized = true, jitter = () => 0.999_999_999) {
  const { storage } = initialized ? await initializedAuto() : { storage: openLastingStorage() };
  const inner = await openStaticSeal();
  const begun = Date.now();
  const attempts: number[] = [];
  const failures: UnsealFailure[] = [];
  let down = true;
  const unwrap: Seal["unwrap"] = async (blob, call) => {
    attempts.push(Date.now() - begun);
    if (down) throw new SealError("SEAL_UNAVAILABLE", "no route to the KMS");
    return inner.unwrap(blob, call);
  };
  const store = autoStore(storage, altered(inner, { unwrap }));
  const onUnsealed = vi.fn();
  const unsealer = new AutoUnsealer({ store, jitter, onUnsealed, onFailure: (failure) => failures.push(failure) });
  const up = (): void => {
    down = false;
  };
  return { store, unsealer, attempts, failures, onUnsealed, up, begun };
}

/** Lets promises settle without moving the clock. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe("the auto-unsealer", () => {
  it("opens at once where the seal answers", async () => {
    const { store, unsealer, attempts, onUnsealed, up } = await unsealerOver();
    up();
    await unsealer.run();
    expect(store.sealed).toBe(false);
    expect(attempts).toEqual([0]);
    expect(onUnsealed).toHaveBeenCalledOnce();
    expect(unsealer.failure).toBeUndefined();
  });

  it("tries again after pauses that double up to half a minute", async () => {
    const { unsealer, attempts } = await unsealerOver();
    const running = unsealer.run();
    await vi.advanceTimersByTimeAsync(150_000);
    const pauses = attempts.slice(1).map((at, index) => Math.round((at - attempts[index]!) / 100) * 100);
    expect(pauses.slice(0, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    unsealer.stop();
    await running;
  });

  it("shortens its pauses by the jitter, never below half", async () => {
    const { unsealer, attempts } = await unsealerOver(true, () => 0);
    const running = unsealer.run();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(attempts).toEqual([0, 250, 750]);
    unsealer.stop();
    await running;
  });

  it("reports why in one sentence, since when, and when it tries again", async () => {
    const { unsealer, failures, begun } = await unsealerOver(true, () => 0);
    const running = unsealer.run();
    await settle();
    expect(unsealer.failure).toEqual({
      code: "SEAL_UNAVAILABLE",
      reason: "no route to the KMS (check that the service or device is up and reachable)",
      since: new Date(begun),
      nextTry: new Date(begun + 250),
    });
    await vi.advanceTimersByTimeAsync(250);
    expect(failures).toHaveLength(2);
    expect(failures[1]).toMatchObject({ since: new Date(begun), nextTry: new Date(begun + 750) });
    unsealer.stop();
    await running;
  });

  it("opens when the seal comes back, and forgets the failure", async () => {
    const { store, unsealer, onUnsealed, up } = await unsealerOver();
    const running = unsealer.run();
    await settle();
    expect(store.sealed).toBe(true);
    up();
    await vi.advanceTimersByTimeAsync(500);
    await running;
    expect(store.sealed).toBe(false);
    expect(unsealer.failure).toBeUndefined();
    expect(onUnsealed).toHaveBeenCalledOnce();
  });

  it("does not wait for the end of its pause when told to retry", async () => {
    const { store, unsealer, up } = await unsealerOver();
    const running = unsealer.run();
    await vi.advanceTimersByTimeAsync(20_000);
    up();
    unsealer.retryNow();
    await running;
    expect(store.sealed).toBe(false);
    await store.seal();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("opens a store that is initialised while it waits, and says until then that it is not", async () => {
    const { store, unsealer, up } = await unsealerOver(false);
    const running = unsealer.run();
    await settle();
    expect(unsealer.failure!.code).toBe("NOT_INITIALIZED");
    up();
    await store.initialize({});
    unsealer.retryNow();
    await running;
    expect(store.sealed).toBe(false);
  });

  it("ends without saying that a seal opened the store where somebody else did in a pause", async () => {
    const { store, unsealer, onUnsealed, up } = await unsealerOver();
    const running = unsealer.run();
    await settle();
    up();
    await store.unseal();
    unsealer.retryNow();
    await running;
    expect(onUnsealed).not.toHaveBeenCalled();
    expect(unsealer.failure).toBeUndefined();
  });

  it("tries no more once stopped, in a pause", async () => {
    const { store, unsealer, attempts, up } = await unsealerOver();
    const running = unsealer.run();
    await settle();
    unsealer.stop();
    await running;
    up();
    await vi.advanceTimersByTimeAsync(120_000);
    unsealer.retryNow();
    expect(attempts).toHaveLength(1);
    expect(store.sealed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("abandons a seal that hangs once stopped, and reports no failure for it", async () => {
    const { storage } = await initializedAuto();
    const { seal, asked } = hanging(await openStaticSeal());
    const onFailure = vi.fn();
    const unsealer = new AutoUnsealer({ store: autoStore(storage, seal), onFailure });
    const running = unsealer.run();
    await asked;
    unsealer.stop();
    await running;
    expect(onFailure).not.toHaveBeenCalled();
  });

  it("tries no more once the seal refuses for good, and says that it takes a restart", async () => {
    const { storage } = await initializedAuto();
    const refused = new SealError("SEAL_DENIED", "the PIN is wrong", { final: true });
    const unwrap = vi.fn<Seal["unwrap"]>().mockRejectedValue(refused);
    const onFailure = vi.fn();
    const seal = altered(await openStaticSeal(), { unwrap });
    const unsealer = new AutoUnsealer({ store: autoStore(storage, seal), onFailure });
    await unsealer.run();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(unwrap).toHaveBeenCalledOnce();
    expect(onFailure).toHaveBeenCalledExactlyOnceWith(unsealer.failure, refused);
    expect(unsealer.failure).toMatchObject({ code: "SEAL_DENIED", reason: expect.stringMatching(/PIN.*restart/) });
    expect(unsealer.failure).not.toHaveProperty("nextTry");
  });

  it("tries no more once it is stopped by whoever is told of a failure", async () => {
    const { storage } = await initializedAuto();
    const unwrap = vi.fn<Seal["unwrap"]>().mockRejectedValue(new SealError("SEAL_UNAVAILABLE", "down"));
    const onFailure = vi.fn(() => unsealer.stop());
    const store = autoStore(storage, altered(await openStaticSeal(), { unwrap }));
    const unsealer = new AutoUnsealer({ store, onFailure });
    await unsealer.run();
    expect(onFailure).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does nothing when it is stopped before it runs", async () => {
    const { unsealer, attempts } = await unsealerOver();
    unsealer.stop();
    await unsealer.run();
    expect(attempts).toEqual([]);
  });
});

describe("the explanation of a failed unseal", () => {
  it.each([
    [new SealError("SEAL_DENIED", "the PIN is wrong"), "SEAL_DENIED", /^the PIN is wrong \(check the credentials/],
    [new CoreError("WRONG_SEAL", "another key"), "WRONG_SEAL", /^another key \(configure the seal/],
    [new StorageError("STORAGE_FAILED", "disk error"), "STORAGE_FAILED", /^disk error \(check the disk/],
    [new TypeError("a bug"), "UNKNOWN", /^a bug$/],
    ["text", "UNKNOWN", /^text$/],
  ])("of %o names its code and what to do", (error, code, reason) => {
    expect(explainUnsealFailure(error)).toEqual({ code, reason: expect.stringMatching(reason) });
  });
});

describe("the auto-unsealer of several seals", () => {
  const refused = (name: string, final: boolean) => new SealError("SEAL_DENIED", `${name} refused the PIN`, { final });
  const failing = (errors: readonly SealError[]) => {
    const cause = new AggregateError(errors);
    const store = { unseal: vi.fn(() => Promise.reject(new CoreError("NO_SEAL_ANSWERS", "none", { cause }))) };
    return { store, unsealer: new AutoUnsealer({ store: store as never, jitter: () => 0 }) };
  };

  it("stops where each of them must not be asked again", async () => {
    const { store, unsealer } = failing([refused("a", true), refused("b", true)]);
    await unsealer.run();
    expect(store.unseal).toHaveBeenCalledOnce();
    expect(unsealer.failure).toMatchObject({
      code: "NO_SEAL_ANSWERS",
      reason: expect.stringMatching(/not tried again/),
    });
  });

  it("goes on while one of them may be asked again", async () => {
    const { store, unsealer } = failing([refused("a", true), refused("b", false)]);
    const running = unsealer.run();
    await vi.advanceTimersByTimeAsync(300);
    expect(store.unseal).toHaveBeenCalledTimes(2);
    unsealer.stop();
    await running;
  });
});
