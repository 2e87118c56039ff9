// SPDX-License-Identifier: Apache-2.0
/**
 * What a sealed store owes over a seal whose service is asked over the network: how often it is asked, what a new version
 * of the key changes, what happens while it cannot be used. The same for each such seal; its test is a table of faults.
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
import { type AutoSealPlugin, decodeBlob, type Stanza } from "@sealwright/seal";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

const SEALED_ROOT_KEY = "core/hsm/barrier-unseal-keys";
const MINUTE_MS = 60_000;
/** A seal may try again by itself, briefly. */
const CALLS_PER_ATTEMPT = 3;

/** The service of a seal, with one key. */
export interface SealService {
  readonly plugin: AutoSealPlugin;
  /** Settings that work with it. */
  readonly settings: Stanza;
  /** The requests for keys that it got so far, each by the name of its operation. */
  calls(): readonly string[];
  /** What the operations are called there. */
  readonly operations: { readonly wrap: string; readonly unwrap: string };
  /** What the reason of a failure names. */
  readonly key: string;
  /** Has the key, or what the settings name as the key, wrap by a new version, whose key id it answers. */
  rotateKey(): Promise<string>;
  stop(): Promise<unknown>;
}

/** A way in which the service cannot be used. */
export interface Outage<Service extends SealService> {
  readonly what: string;
  readonly code: string;
  begin(service: Service): unknown;
  end(service: Service): unknown;
}

/** What is tried. */
export interface Trial<Service extends SealService> {
  start(): Promise<Service>;
  readonly outages: readonly Outage<Service>[];
  /** That of the outages in which it asks for fewer requests. */
  readonly throttling: Outage<Service>;
}

/** What a seal's own tests work on: the present test's store, not initialised yet, and the service. */
export interface Scene<Service extends SealService> {
  readonly service: Service;
  readonly store: SealedStore;
  init(): Promise<unknown>;
  /** The key id of the sealed root key in the storage. */
  keyId(): Promise<string | undefined>;
}

/** The suite; `more` defines what only this seal has, over the same service. */
export function describeStoreOver<Service extends SealService>(
  title: string,
  { start, outages, throttling }: Trial<Service>,
  more: (scene: () => Scene<Service>) => void = () => {},
): void {
  describe(title, () => {
    let service: Service;
    let storage: Storage;
    let store: SealedStore;

    const open = (layer?: typeof sealLayer): Promise<SealedStore> => {
      const seal = { plugin: service.plugin, settings: service.settings };
      return openStore({ storage, shares: shamir, seal, ...(layer === undefined ? {} : { layer }) });
    };
    const init = () => store.initialize({ recovery: { shares: 1, threshold: 1 } });
    const keyIdAt = async (path = SEALED_ROOT_KEY): Promise<string | undefined> =>
      decodeBlob((await storage.get(path)) ?? new Uint8Array()).keyInfo?.keyId;

    /** The operations that `action` makes the store ask for. */
    const askedBy = async (action: () => Promise<unknown>): Promise<readonly string[]> => {
      const before = service.calls().length;
      await action();
      return service.calls().slice(before);
    };

    beforeAll(async () => {
      service = await start();
    });
    afterAll(() => service?.stop());
    beforeEach(async () => {
      // The shortest pauses of seals, of SDKs and between attempts to unseal.
      vi.spyOn(Math, "random").mockReturnValue(0);
      storage = openMemoryStorage();
      store = await open();
    });
    afterEach(async () => {
      vi.restoreAllMocks();
      await store?.close();
    });

    test("asks for nothing when it is opened", async () => {
      const asked = await askedBy(async () => {
        const other = await open();
        await other.status();
        await other.close();
      });
      expect(asked).toEqual([]);
    });

    test("asks for one unwrap when it is unsealed, and for nothing while it serves", async () => {
      await init();
      expect(await askedBy(() => store.unseal())).toEqual([service.operations.unwrap]);
      const asked = await askedBy(async () => {
        await store.put("a", Buffer.from("b"));
        await store.get("a");
        await store.rotate();
      });
      expect(asked).toEqual([]);
    });

    test("asks for one unwrap more where the keyring is wrapped by the seal too", async () => {
      await store.close();
      storage = openMemoryStorage();
      store = await open(sealLayer);
      await init();
      const { unwrap } = service.operations;
      expect(await askedBy(() => store.unseal())).toEqual([unwrap, unwrap]);
    });

    test("asks for no more than wrap and unwrap, ever: not even to read the key", async () => {
      const asked = await askedBy(async () => {
        await init();
        await store.unseal();
        await rotateRootKey(store);
      });
      const { wrap, unwrap } = service.operations;
      expect(new Set(asked)).toEqual(new Set([wrap, unwrap]));
    });

    test("opens what the key's old version wrapped, and wraps a new root key by the new one", async () => {
      await init();
      const first = await keyIdAt();
      const fresh = await service.rotateKey();
      expect(fresh).not.toBe(first);
      await store.unseal();
      expect(await keyIdAt()).toBe(first);
      await rotateRootKey(store);
      expect(await keyIdAt()).toBe(fresh);
      await store.seal();
      await store.unseal();
      expect(store.sealed).toBe(false);
    });

    test("is moved to the key's new version by a rewrap, and its recovery key with it", async () => {
      await init();
      await store.unseal();
      const fresh = await service.rotateKey();
      await store.rewrap.start();
      await expect.poll(() => store.rewrap.status.running).toBe(false);
      expect([await keyIdAt(), await keyIdAt("core/recovery-key")]).toEqual([fresh, fresh]);
    });

    describe.each(outages)("while the service is $what", ({ code, begin, end }) => {
      let over = true;
      const fail = async (): Promise<void> => {
        over = false;
        await begin(service);
      };
      const heal = async (): Promise<void> => {
        if (!over) await end(service);
        over = true;
      };
      // The next test starts with a service that works, whatever became of this one.
      afterEach(heal);

      test("init leaves no trace", async () => {
        await fail();
        await rejectsWithCode(init(), code);
        expect((await store.status()).initialized).toBe(false);
      });

      test("an unsealed store goes on, a new root key is refused, and the old one stays", async () => {
        await init();
        await store.unseal();
        await store.put("a", Buffer.from("before"));
        const before = await storage.get(SEALED_ROOT_KEY);
        await fail();
        await rejectsWithCode(rotateRootKey(store), code);
        expect(await storage.get(SEALED_ROOT_KEY)).toEqual(before);
        await store.put("a", Buffer.from("meanwhile"));
        expect(String(await store.get("a"))).toBe("meanwhile");
        await store.seal();
        await heal();
        await new AutoUnsealer({ store }).run();
        expect(String(await store.get("a"))).toBe("meanwhile");
      });

      test("a sealed store stays sealed, says why, and is unsealed when it can be", async () => {
        await init();
        await fail();
        const failed = Promise.withResolvers<UnsealFailure>();
        const unsealer = new AutoUnsealer({ store, jitter: () => 0, onFailure: (failure) => failed.resolve(failure) });
        const running = unsealer.run();
        const { code: told, reason } = await failed.promise;
        expect([told, reason]).toEqual([code, expect.stringContaining(service.key)]);
        await heal();
        await running;
        expect(store.sealed).toBe(false);
      });
    });

    test("is unsealed after a minute of throttling, in which it is asked a few times only", async () => {
      await init();
      await throttling.begin(service);
      let waited = 0;
      let attempts = 0;
      const unsealer = new AutoUnsealer({
        store,
        jitter: () => 1 - Number.EPSILON,
        onFailure: ({ nextTry = new Date() }) => {
          attempts += 1;
          waited += nextTry.getTime() - Date.now();
          if (waited >= MINUTE_MS) throttling.end(service);
          // The pause is counted, and cut short as soon as it has begun.
          setImmediate(() => unsealer.retryNow());
        },
      });
      const asked = await askedBy(() => unsealer.run());
      expect(store.sealed).toBe(false);
      expect(attempts).toBeLessThanOrEqual(8);
      expect(asked.length).toBeLessThanOrEqual(attempts * CALLS_PER_ATTEMPT + 1);
    });

    more(() => ({ service, store, init, keyId: keyIdAt }));
  });
}
