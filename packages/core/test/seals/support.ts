// SPDX-License-Identifier: Apache-2.0
/** Stores of several seals, each of which can go down, hang, lie and come back. */
import { type AttachedSeal, paths, SealedStore, type Storage, type StoreOptions } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticPlugin } from "@sealwright/plugin-static";
import { type Seal, type SealCall, SealError } from "@sealwright/seal";
import { type Observed, observed } from "../support/observed.ts";
import { copyOf, openLastingStorage } from "../support/storages.ts";
import { initializedShamir, submitAll } from "../support/stores.ts";

/** What a service does with calls. `lying`: it unwraps to other bytes than were wrapped. `flaky`: it fails now and then. */
export type Mood = "up" | "down" | "hanging" | "lying" | "flaky";

/** A key service: it stays when stores come and go. */
export class Kms {
  mood: Mood = "up";
  calls = 0;
  /** Calls that were abandoned by whoever made them. */
  aborted = 0;
  readonly name: string;
  readonly #key: Uint8Array;
  // Services of other names fail at other calls.
  readonly #steadiness: number;
  #version = 1;
  #inner: Promise<Seal>;

  constructor(name: string, seed = name) {
    this.name = name;
    this.#key = new Uint8Array(32).fill(seed.charCodeAt(0)).fill(seed.length, 1, 2);
    this.#steadiness = 2 + (name.charCodeAt(0) % 3);
    this.#inner = this.#open();
  }

  /** Wraps by a newer version of the key from now on; what the one before wrapped still opens. */
  rotateKey(): void {
    this.#version++;
    this.#inner = this.#open();
  }

  #open(): Promise<Seal> {
    const key = (version: number): Uint8Array => this.#key.with(2, version);
    const id = (version: number): string => (version === 1 ? this.name : `${this.name}-v${version}`);
    const previous = this.#version > 1 ? this.#version - 1 : undefined;
    const config = {
      current_key: key(this.#version),
      current_key_id: id(this.#version),
      previous_key: previous && key(previous),
      previous_key_id: previous && id(previous),
    };
    return staticPlugin.open(config as never, { log: () => {} });
  }

  /** As it is attached to a store. */
  async attached(priority = 1, more: Partial<AttachedSeal> = {}): Promise<AttachedSeal> {
    const seal: Seal = {
      type: "static",
      wrap: async (plaintext, call) => {
        await this.#admit(call);
        return (await this.#inner).wrap(plaintext, call);
      },
      unwrap: async (blob, call) => {
        await this.#admit(call);
        const plaintext = await (await this.#inner).unwrap(blob, call);
        return this.mood === "lying" ? plaintext.map((each) => each ^ 1) : plaintext;
      },
      close: async () => {},
    };
    return { name: this.name, priority, state: "enabled", seal, ...more };
  }

  async #admit(call: SealCall | undefined): Promise<void> {
    this.calls++;
    const down = this.mood === "down" || (this.mood === "flaky" && this.calls % this.#steadiness === 0);
    if (down) throw new SealError("SEAL_UNAVAILABLE", `${this.name} is down`);
    if (this.mood !== "hanging") return;
    await new Promise((_, reject) => {
      const abandon = () => {
        this.aborted++;
        reject(new SealError("SEAL_TIMEOUT", `${this.name} did not answer`));
      };
      if (call?.signal?.aborted) abandon();
      else call?.signal?.addEventListener("abort", abandon, { once: true });
    });
  }
}

export interface Several {
  readonly store: SealedStore;
  readonly storage: Storage;
  readonly told: Observed;
}

/** A sealed store of `kms`, the first of which is the best. */
export async function storeOf(
  kms: readonly Kms[],
  { storage = openLastingStorage(), ...options }: Partial<StoreOptions> = {},
): Promise<Several> {
  const seals = await Promise.all(kms.map((each, index) => each.attached(index + 1)));
  const told = observed();
  const store = new SealedStore({
    storage,
    shares: shamir,
    seals,
    observer: told,
    headStartMilliseconds: 20,
    sealDeadlineMilliseconds: 200,
    ...options,
  });
  return { store, storage, told };
}

export const TWO_OF_THREE = { shares: 3, threshold: 2 };

/** An initialised, unsealed store of `kms` with one entry, and its recovery shares. */
export async function openedOf(
  kms: readonly Kms[],
  options: Partial<StoreOptions> = {},
): Promise<Several & { readonly shares: readonly Uint8Array[] }> {
  const it = await storeOf(kms, options);
  const { recovery } = await it.store.initialize({ recovery: TWO_OF_THREE });
  await it.store.unseal();
  await it.store.put("kept", Buffer.from("value"));
  return { ...it, shares: recovery };
}

/** Whether a fresh store of `kms` alone opens `storage` and reads what is kept there. */
export async function opens(storage: Storage, ...kms: readonly Kms[]): Promise<boolean> {
  const { store } = await storeOf(kms, { storage: await copyOf(storage) });
  try {
    await store.unseal();
    return (await store.get("kept"))?.toString() === "value";
  } catch {
    return false;
  } finally {
    await store.seal().catch(() => undefined);
  }
}

/** Whether a quorum of the shares opens `storage`, where no auto seal is configured. */
export async function sharesOpen(storage: Storage, shares: readonly Uint8Array[], seal?: string): Promise<boolean> {
  const store = new SealedStore({ storage: await copyOf(storage), shares: shamir });
  try {
    for (const share of shares.slice(0, 2)) await store.submitShare(share, seal === undefined ? {} : { seal });
    return (await store.get("kept"))?.toString() === "value";
  } catch {
    return false;
  } finally {
    await store.seal().catch(() => undefined);
  }
}

/** The plain entry at `path` as JSON. */
export async function json(storage: Storage, path: string): Promise<unknown> {
  const bytes = await storage.get(path);
  return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString("utf8"));
}

/** What the storage notes as outstanding, `seal path`. */
export async function outstandingIn({ store }: Several): Promise<string[]> {
  const holdings = await store.seals.holdings();
  return holdings.flatMap(({ outstanding }) => outstanding.map(({ seal, path }) => `${seal} ${path}`)).sort();
}

export const rootKeyOf = (name: string): string => `${paths.SEALS}${name}/root-key`;

/** An open store of `a`, with `others` attached and new. */
export async function withNew(...others: readonly Kms[]) {
  const a = new Kms("a");
  const it = await openedOf([a]);
  for (const [index, each] of others.entries()) it.store.seals.attach(await each.attached(index + 2));
  return { ...it, a };
}

/** An open store that people unseal, with `kms` attached and new, and their shares. */
export async function openedByPeople(...kms: readonly Kms[]) {
  const it = await initializedShamir();
  await submitAll(it.store, it.shares.slice(0, 2));
  await it.store.put("kept", Buffer.from("value"));
  for (const [index, each] of kms.entries()) it.store.seals.attach(await each.attached(index + 1));
  return it;
}
