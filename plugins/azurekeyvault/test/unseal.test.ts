// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the seal: how often the vault is asked, and what happens while it cannot be. */
import {
  AutoUnsealer,
  openStore,
  rotateRootKey,
  type SealedStore,
  type Storage,
  type UnsealFailure,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { decodeBlob } from "@sealwright/seal";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { rejectsWithCode } from "@sealwright/testing";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";

let vault: KeyVaultServer;
let store: SealedStore;
let storage: Storage;

beforeAll(async () => {
  vault = await startKeyVault();
});
afterAll(() => vault.stop());
beforeEach(async () => {
  storage = openMemoryStorage();
  store = await openStore({ storage, shares: shamir, seal: { plugin, settings: vault.config } });
});
afterEach(() => store.close());

async function keyIdInStorage(): Promise<string | undefined> {
  const blob = await storage.get("core/hsm/barrier-unseal-keys");
  return decodeBlob(blob ?? new Uint8Array()).keyInfo?.keyId;
}

/** What the vault was asked for during `action`. */
async function askedDuring(action: () => Promise<unknown>): Promise<string[]> {
  const before = vault.calls.length;
  await action();
  return vault.calls.slice(before).map(({ operation }) => operation);
}

const init = () => store.initialize({ recovery: { shares: 1, threshold: 1 } });

describe("the vault is asked", () => {
  test("for one unwrap when the store is unsealed, and for nothing before or after", async () => {
    await init();
    expect(await askedDuring(() => store.unseal())).toEqual(["unwrapKey"]);
    const later = async (): Promise<void> => {
      await store.put("a", Buffer.from("b"));
      await store.rotate();
    };
    expect(await askedDuring(later)).toEqual([]);
    await store.seal();
    expect(await askedDuring(() => store.unseal())).toEqual(["unwrapKey"]);
  });

  test("for no more than wrap and unwrap, ever: not even to read the key", async () => {
    const operations = await askedDuring(async () => {
      await init();
      await store.unseal();
      await rotateRootKey(store);
    });
    expect([...new Set(operations)].sort()).toEqual(["unwrapKey", "wrapKey"]);
  });

  test("a root key is wrapped anew under the newest version when it is rotated", async () => {
    const { version } = vault.keys.get(vault.key);
    await init();
    await store.unseal();
    const newest = await vault.rotateKey();
    const before = await keyIdInStorage();
    await rotateRootKey(store);
    expect([before, await keyIdInStorage()]).toEqual([version, newest]);
    await store.seal();
    await store.unseal();
    expect(store.sealed).toBe(false);
  });
});

describe("while the vault cannot be used", () => {
  const faults = [
    ["down", "SEAL_UNAVAILABLE", () => vault.offline(), () => vault.online()],
    ["throttling for a minute", "SEAL_THROTTLED", () => vault.throttle(60), () => vault.throttle(undefined)],
    ["denying both", "SEAL_DENIED", () => vault.deny(), () => vault.allow()],
    ["with the key disabled", "SEAL_KEY_DISABLED", () => vault.disableKey(), () => vault.enableKey()],
    ["with the key deleted", "SEAL_KEY_MISSING", () => vault.deleteKey(), () => vault.recoverKey()],
    [
      "answering nonsense",
      "SEAL_UNAVAILABLE",
      () => vault.answerWith(() => ({ status: 200, body: {} })),
      () => vault.answerWith(undefined),
    ],
  ] as const;

  test.each(faults)("%s: init leaves no trace", async (_what, code, begin, end) => {
    await begin();
    await rejectsWithCode(init(), code);
    expect((await store.status()).initialized).toBe(false);
    await end();
  });

  test.each(faults)(
    "%s: an unsealed store goes on, a new root key is refused, and the old one stays",
    async (_what, code, begin, end) => {
      await init();
      await store.unseal();
      await begin();
      await rejectsWithCode(rotateRootKey(store), code);
      await store.put("a", Buffer.from("meanwhile"));
      await store.seal();
      await end();
      await store.unseal();
      expect(String(await store.get("a"))).toBe("meanwhile");
    },
  );

  test.each(faults)(
    "%s: the store stays sealed, says why, and is unsealed when it can be",
    async (_what, code, begin, end) => {
      await init();
      await begin();
      const failed = Promise.withResolvers<UnsealFailure>();
      const unsealer = new AutoUnsealer({ store, jitter: () => 0, onFailure: (failure) => failed.resolve(failure) });
      const running = unsealer.run();
      expect((await failed.promise).code).toBe(code);
      expect((await failed.promise).reason).toContain(vault.key);
      await end();
      await running;
      expect(store.sealed).toBe(false);
    },
  );
});

test("a key that wraps but does not unwrap is found out before anything depends on it", async () => {
  vault.deny("unwrapKey");
  const { message } = await rejectsWithCode(init(), "SEAL_DENIED");
  expect(message).toContain("denies unwrapKey");
  expect((await store.status()).initialized).toBe(false);
  vault.allow();
});
