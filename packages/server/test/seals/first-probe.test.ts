// SPDX-License-Identifier: Apache-2.0
import { SealedStore, type Storage, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticPlugin } from "@sealwright/plugin-static";
import { type Seal, SealError } from "@sealwright/seal";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../../src/runtime/log.ts";
import { probeAfterUnseal } from "../../src/seals/first-probe.ts";

const MINUTE = 60_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

function staticSeal(keyId: string, previousId?: string): Promise<Seal> {
  const key = (id: string | undefined) => id && new Uint8Array(32).fill(id.charCodeAt(0));
  const keys = { current_key: key(keyId), current_key_id: keyId };
  return staticPlugin.open({ ...keys, previous_key: key(previousId), previous_key_id: previousId } as never, {
    log: () => undefined,
  });
}

/** A storage under the key `a`. */
async function initialized(): Promise<Storage> {
  const storage = openMemoryStorage();
  const lasting: Storage = {
    type: storage.type,
    get: (path) => storage.get(path),
    list: (prefix) => storage.list(prefix),
    write: (batch) => storage.write(batch),
    close: async () => {},
  };
  await new SealedStore({ storage: lasting, shares: shamir, seals: soleSeal(await staticSeal("a")) }).initialize({});
  return lasting;
}

/** An unsealed store that is probed; `wrap` counts, and fails while `error` is set. */
async function probed(seal: Seal, error?: SealError) {
  const lines: string[] = [];
  const wrap = vi.fn<Seal["wrap"]>((plaintext, call) => {
    if (error !== undefined) return Promise.reject(error);
    return seal.wrap(plaintext, call);
  });
  const counted: Seal = {
    type: seal.type,
    wrap,
    unwrap: (blob, call) => seal.unwrap(blob, call),
    close: () => seal.close(),
  };
  const store = new SealedStore({ storage: await initialized(), shares: shamir, seals: soleSeal(counted) });
  probeAfterUnseal(store, createLog({ level: "info", format: "standard", write: (line) => lines.push(line) }));
  await store.unseal();
  return { store, lines, wrap };
}

describe("the probe after an unseal", () => {
  it("wraps within a minute and not at once, and says nothing of a seal that does it", async () => {
    const { store, lines, wrap } = await probed(await staticSeal("a"));
    expect(wrap).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(wrap).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(wrap).toHaveBeenCalledOnce();
    expect(lines).toEqual([]);
    await store.close();
  });

  it("warns once, with the seal's sentence, of a key that must not wrap, and the store stays open", async () => {
    const denied = new SealError("SEAL_DENIED", "the role may not kms:Encrypt on key a");
    const { store, lines } = await probed(await staticSeal("a"), denied);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/WARN.*does not wrap: the role may not kms:Encrypt on key a \(check the credentials/);
    expect(store.sealed).toBe(false);
    await store.close();
  });

  it("warns once of a seal that wraps by another key than the stored one's, and names both", async () => {
    const { store, lines } = await probed(await staticSeal("b", "a"));
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/WARN.*wrapped by "a".*now wraps by "b"/);
    await store.close();
  });

  it("is not made once the store is sealed or closed before", async () => {
    const { store, wrap } = await probed(await staticSeal("a"));
    await store.seal();
    expect(vi.getTimerCount()).toBe(0);
    await store.unseal();
    await store.close();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(wrap).not.toHaveBeenCalled();
  });

  it("says nothing of a call that sealing has abandoned", async () => {
    const { store, lines, wrap } = await probed(await staticSeal("a"));
    const asked = Promise.withResolvers<void>();
    wrap.mockImplementation((_, call) => {
      asked.resolve();
      return new Promise((_resolve, reject) => {
        call?.signal?.addEventListener("abort", () => reject(new SealError("SEAL_TIMEOUT", "abandoned")));
      });
    });
    await vi.advanceTimersByTimeAsync(MINUTE);
    await asked.promise;
    await store.close();
    await new Promise(setImmediate);
    expect(lines).toEqual([]);
  });
});
