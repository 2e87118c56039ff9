// SPDX-License-Identifier: Apache-2.0
/**
 * A sealed store over the awskms seal: how often KMS is asked, what a new key changes, what happens while it is away.
 */
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
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";
import { stanzaFor } from "./support/open-seal.ts";

describe.skipIf(partMissing("LocalStack"))("a store", () => {
  let localStack: LocalStack;
  let store: SealedStore;
  let storage: Storage;

  beforeAll(async () => {
    localStack = await startLocalStack();
  });
  afterAll(() => localStack?.stop());
  beforeEach(async () => {
    storage = openMemoryStorage();
    const settings = { ...stanzaFor(localStack), kms_key_id: localStack.key.alias };
    store = await openStore({ storage, shares: shamir, seal: { plugin, settings } });
  });
  afterEach(async () => {
    localStack.heal();
    await store.close();
  });

  const init = () => store.initialize({ recovery: { shares: 1, threshold: 1 } });

  const keyInStorage = async (path = "core/hsm/barrier-unseal-keys"): Promise<string | undefined> => {
    const blob = await storage.get(path);
    return decodeBlob(blob ?? new Uint8Array()).keyInfo?.keyId;
  };

  /** The operations of KMS that `action` makes the store ask for. */
  const askedBy = async (action: () => Promise<unknown>): Promise<string[]> => {
    const before = localStack.calls.length;
    await action();
    return localStack.calls.slice(before);
  };

  describe("asks KMS", () => {
    test("for nothing when it is opened", async () => {
      const settings = stanzaFor(localStack);
      const asked = await askedBy(async () => {
        const other = await openStore({ storage, shares: shamir, seal: { plugin, settings } });
        await other.status();
        await other.close();
      });
      expect(asked).toEqual([]);
    });

    test("for one Decrypt when it is unsealed, and for nothing while it serves", async () => {
      await init();
      expect(await askedBy(() => store.unseal())).toEqual(["Decrypt"]);
      const asked = await askedBy(async () => {
        await store.put("a", Buffer.from("b"));
        await store.get("a");
        await store.rotate();
      });
      expect(asked).toEqual([]);
    });

    test("for a Decrypt more where the keyring is wrapped by the seal too", async () => {
      await store.close();
      storage = openMemoryStorage();
      const seal = { plugin, settings: stanzaFor(localStack) };
      store = await openStore({ storage, shares: shamir, seal, layer: sealLayer });
      await init();
      expect(await askedBy(() => store.unseal())).toEqual(["Decrypt", "Decrypt"]);
    });
  });

  test("names the alias's new key after a change, and opens with the old one until then", async () => {
    await init();
    const first = await keyInStorage();
    const fresh = await localStack.rotateKey();
    await store.unseal();
    expect(await keyInStorage()).toBe(first);
    await rotateRootKey(store);
    expect(await keyInStorage()).toBe(fresh);
    expect(fresh).not.toBe(first);
    await store.seal();
    await store.unseal();
    expect(store.sealed).toBe(false);
  });

  test("is moved to the alias's new key by a rewrap, and then opens without the old one", async () => {
    await init();
    await store.unseal();
    const old = (await keyInStorage()) ?? "";
    const fresh = await localStack.rotateKey();
    await store.rewrap.start();
    await expect.poll(() => store.rewrap.status.running).toBe(false);
    expect([await keyInStorage(), await keyInStorage("core/recovery-key")]).toEqual([fresh, fresh]);
    await store.seal();
    await localStack.ask("DisableKey", { KeyId: old });
    try {
      await store.unseal();
      expect(store.sealed).toBe(false);
    } finally {
      await localStack.ask("EnableKey", { KeyId: old });
    }
  });

  test("opens after the key's material was rotated, under the same name", async () => {
    await init();
    const before = await keyInStorage();
    await localStack.ask("RotateKeyOnDemand", { KeyId: before ?? "" });
    await store.unseal();
    await rotateRootKey(store);
    expect(await keyInStorage()).toBe(before);
    await store.seal();
    await store.unseal();
    expect(store.sealed).toBe(false);
  });

  describe("while KMS cannot be asked", () => {
    const faults = [
      ["down", "SEAL_UNAVAILABLE", () => localStack.fault({ kind: "reset" })],
      ["throttling", "SEAL_THROTTLED", () => localStack.throttle()],
      ["denying", "SEAL_DENIED", () => localStack.deny()],
      ["answering nonsense", "SEAL_UNAVAILABLE", () => localStack.fault({ kind: "status", status: 200, body: "no" })],
    ] as const;

    test.each(faults)("%s: init leaves no trace", async (_what, code, fail) => {
      fail();
      await rejectsWithCode(init(), code);
      expect((await store.status()).initialized).toBe(false);
    });

    test.each(faults)(
      "%s: it goes on serving, a new root key is refused, and nothing changes",
      async (_w, code, fail) => {
        await init();
        await store.unseal();
        await store.put("a", Buffer.from("before"));
        const before = await storage.get("core/hsm/barrier-unseal-keys");
        fail();
        await rejectsWithCode(rotateRootKey(store), code);
        expect(await storage.get("core/hsm/barrier-unseal-keys")).toEqual(before);
        await store.put("a", Buffer.from("meanwhile"));
        expect(String(await store.get("a"))).toBe("meanwhile");
        await store.seal();
        localStack.heal();
        await store.unseal();
        expect(String(await store.get("a"))).toBe("meanwhile");
      },
    );

    test.each(faults)("%s: it stays sealed, says why, and is unsealed when it can be", async (_what, code, fail) => {
      await init();
      fail();
      const failed = Promise.withResolvers<UnsealFailure>();
      const unsealer = new AutoUnsealer({ store, jitter: () => 0, onFailure: (failure) => failed.resolve(failure) });
      const running = unsealer.run();
      expect((await failed.promise).code).toBe(code);
      expect((await failed.promise).reason).toContain(await keyInStorage());
      localStack.heal();
      await running;
      expect(store.sealed).toBe(false);
    });
  });
});
