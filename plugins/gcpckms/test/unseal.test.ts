// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the gcpckms seal: how often Cloud KMS is asked, what a rotation changes, what an outage does. */
import {
  AutoUnsealer,
  openStore,
  rotateRootKey,
  type SealedStore,
  type Storage,
  sealLayer,
  type UnsealFailure,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob } from "@sealwright/seal";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";
import { stanzaFor } from "./support/cloud.ts";

let kms: CloudKms;
let store: SealedStore;
let storage: Storage;

beforeAll(async () => {
  kms = await startCloudKms();
});
afterAll(() => kms.stop());
beforeEach(async () => {
  storage = openMemoryStorage();
  store = await openStore({ storage, shares: shamir, seal: { plugin, settings: stanzaFor(kms) } });
});
afterEach(async () => {
  kms.heal();
  await store.close();
});

const init = () => store.initialize({ recovery: { shares: 1, threshold: 1 } });

/** The methods that `action` makes the store call. */
async function callsOf(action: () => Promise<unknown>): Promise<string[]> {
  const before = kms.calls.length;
  await action();
  return kms.calls.slice(before);
}

async function keyIdInStorage(): Promise<string | undefined> {
  const blob = await storage.get("core/hsm/barrier-unseal-keys");
  return decodeBlob(blob ?? new Uint8Array()).keyInfo?.keyId;
}

describe("Cloud KMS is asked", () => {
  test("for nothing, and not even connected to, when a store is opened", async () => {
    const before = kms.connections;
    const calls = await callsOf(async () => {
      const other = await openStore({ storage, shares: shamir, seal: { plugin, settings: stanzaFor(kms) } });
      await other.status();
      await other.close();
    });
    expect([calls, kms.connections]).toEqual([[], before]);
  });

  test("for one Decrypt when it is unsealed, and for nothing while it serves", async () => {
    await init();
    expect(await callsOf(() => store.unseal())).toEqual(["Decrypt"]);
    const calls = await callsOf(async () => {
      await store.put("a", Buffer.from("b"));
      await store.get("a");
      await store.rotate();
    });
    expect(calls).toEqual([]);
  });

  test("for one Decrypt more where the keyring is wrapped by the seal too", async () => {
    await store.close();
    storage = openMemoryStorage();
    store = await openStore({
      storage,
      shares: shamir,
      seal: { plugin, settings: stanzaFor(kms) },
      layer: sealLayer,
    });
    await init();
    expect(await callsOf(() => store.unseal())).toEqual(["Decrypt", "Decrypt"]);
  });
});

test("after a rotation the old root key opens, and a new one is wrapped by the new version", async () => {
  await init();
  const first = await keyIdInStorage();
  const fresh = kms.rotateKey();
  await store.unseal();
  expect(await keyIdInStorage()).toBe(first);
  await rotateRootKey(store);
  expect(await keyIdInStorage()).toBe(fresh);
  expect(fresh).not.toBe(first);
  await store.seal();
  await store.unseal();
  expect(store.sealed).toBe(false);
});

describe("while Cloud KMS cannot be asked", () => {
  const faults: readonly [what: string, code: string, fail: () => unknown, heal: () => unknown][] = [
    ["down", "SEAL_UNAVAILABLE", () => kms.offline(), () => kms.online()],
    ["throttling", "SEAL_THROTTLED", () => kms.throttle(), () => kms.heal()],
    ["denying", "SEAL_DENIED", () => kms.deny(), () => kms.heal()],
    ["answering nonsense", "SEAL_UNAVAILABLE", () => kms.tamper(() => ({})), () => kms.heal()],
    ["disabled", "SEAL_KEY_DISABLED", () => kms.disableKey(), () => kms.enableKey()],
  ];

  test.each(faults)("%s: init leaves no trace", async (_what, code, fail, heal) => {
    await fail();
    await rejectsWithCode(init(), code);
    expect((await store.status()).initialized).toBe(false);
    await heal();
  });

  test.each(faults)(
    "%s: it serves on, a new root key is refused, and nothing changes",
    async (_w, code, fail, heal) => {
      await init();
      await store.unseal();
      await store.put("a", Buffer.from("before"));
      const before = await storage.get("core/hsm/barrier-unseal-keys");
      await fail();
      await rejectsWithCode(rotateRootKey(store), code);
      expect(await storage.get("core/hsm/barrier-unseal-keys")).toEqual(before);
      await store.put("a", Buffer.from("meanwhile"));
      expect(String(await store.get("a"))).toBe("meanwhile");
      await store.seal();
      await heal();
      await expect
        .poll(
          () =>
            store.unseal().then(
              () => store.sealed,
              () => true,
            ),
          { timeout: 3_000 },
        )
        .toBe(false);
      expect(String(await store.get("a"))).toBe("meanwhile");
    },
  );

  test.each(faults)(
    "%s: it stays sealed, says why, and is unsealed when it can be",
    async (_what, code, fail, heal) => {
      await init();
      await fail();
      const failed = Promise.withResolvers<UnsealFailure>();
      const unsealer = new AutoUnsealer({ store, jitter: () => 0, onFailure: (failure) => failed.resolve(failure) });
      const running = unsealer.run();
      expect((await failed.promise).code).toBe(code);
      expect((await failed.promise).reason).toContain(kms.key);
      await heal();
      await running;
      expect(store.sealed).toBe(false);
    },
  );
});
