// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the transit seal: how often the remote is asked, and what happens while it cannot be. */
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
import { type FaultProxy, rejectsWithCode, startFaultProxy } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { plugin } from "../src/index.ts";
import { type RemoteServer, startRemote } from "./support/remote-server.ts";

let remote: RemoteServer;
let proxy: FaultProxy;
let store: SealedStore;
let storage: Storage;
let asked: () => number;

beforeAll(async () => {
  remote = await startRemote();
  proxy = await startFaultProxy({ port: remote.port });
});
afterAll(async () => {
  await proxy.stop();
  await remote.server.stop();
});
beforeEach(async () => {
  proxy.set({ kind: "none" });
  const settings = { ...remote.stanza, address: `http://${proxy.address}` };
  storage = openMemoryStorage();
  store = await openStore({ storage, shares: shamir, seal: { plugin, settings } });
  const before = proxy.connections;
  asked = () => proxy.connections - before;
});
afterEach(() => store.close());

async function keyIdInStorage(): Promise<string | undefined> {
  const blob = await storage.get("core/hsm/barrier-unseal-keys");
  return decodeBlob(blob ?? new Uint8Array()).keyInfo?.keyId;
}

const init = () => store.initialize({ recovery: { shares: 1, threshold: 1 } });

describe("the remote is asked", () => {
  test("for nothing when the store is opened, and once when it is unsealed", async () => {
    expect(asked()).toBe(0);
    await init();
    const afterInit = asked();
    await store.unseal();
    expect(asked() - afterInit).toBe(1);
    await store.put("a", Buffer.from("b"));
    await store.rotate();
    expect(asked() - afterInit).toBe(1);
  });

  test("a root key is wrapped anew under the remote's newest version when it is rotated", async () => {
    await init();
    await store.unseal();
    await remote.ask("POST", "transit/keys/autounseal/rotate");
    const before = await keyIdInStorage();
    await rotateRootKey(store);
    expect([before, await keyIdInStorage()]).toEqual(["v1", "v2"]);
    await store.seal();
    await store.unseal();
    expect(store.sealed).toBe(false);
  });
});

describe("while the remote cannot be asked", () => {
  const faults = [
    ["down", "SEAL_UNAVAILABLE", { kind: "reset" }],
    ["throttling", "SEAL_THROTTLED", { kind: "status", status: 429 }],
    ["denying", "SEAL_DENIED", { kind: "status", status: 403 }],
    ["answering nonsense", "SEAL_UNAVAILABLE", { kind: "status", status: 200, body: "nonsense" }],
  ] as const;

  test.each(faults)("%s: init leaves no trace", async (_what, code, fault) => {
    proxy.set(fault);
    await rejectsWithCode(init(), code);
    expect((await store.status()).initialized).toBe(false);
  });

  test.each(faults)(
    "%s: an unsealed store goes on, a new root key is refused, and the old one stays",
    async (_what, code, fault) => {
      await init();
      await store.unseal();
      await store.put("a", Buffer.from("before"));
      proxy.set(fault);
      await rejectsWithCode(rotateRootKey(store), code);
      await store.put("a", Buffer.from("meanwhile"));
      expect(String(await store.get("a"))).toBe("meanwhile");
      await store.seal();
      proxy.set({ kind: "none" });
      await store.unseal();
      expect(String(await store.get("a"))).toBe("meanwhile");
    },
  );

  test.each(faults)(
    "%s: the store stays sealed, says why, and is unsealed when it can be",
    async (_what, code, fault) => {
      await init();
      proxy.set(fault);
      const failed = Promise.withResolvers<UnsealFailure>();
      const unsealer = new AutoUnsealer({ store, jitter: () => 0, onFailure: (failure) => failed.resolve(failure) });
      const running = unsealer.run();
      expect((await failed.promise).code).toBe(code);
      expect((await failed.promise).reason).toContain("autounseal");
      proxy.set({ kind: "none" });
      await running;
      expect(store.sealed).toBe(false);
    },
  );
});
