// SPDX-License-Identifier: Apache-2.0
/** Stores to rekey, of each kind, and ways to ask whose shares they obey. */
import {
  barrierTarget,
  CoreError,
  type Delivery,
  proveQuorum,
  Rekey,
  type RekeyOptions,
  type RekeyRequest,
  type RekeyTarget,
  recoveryTarget,
  type SealedStore,
  type Storage,
} from "@sealwright/core";
import type { Seal, ShareNumbers } from "@sealwright/seal";
import { openStaticSeal } from "../support/seals.ts";
import { openLastingStorage } from "../support/storages.ts";
import { autoStore, shamirStore, submitAll } from "../support/stores.ts";

export type Shares = readonly Uint8Array[];
export type HexRekey = Rekey<readonly string[], null>;

/** A kind of store with the target whose shares are its quorum's. */
export interface Kind {
  readonly name: string;
  readonly target: RekeyTarget;
  store(storage: Storage, seal?: Seal): Promise<SealedStore>;
  initialize(store: SealedStore, numbers: ShareNumbers): Promise<Shares>;
  unseal(store: SealedStore, shares: Shares): Promise<void>;
}

export const shamirKind: Kind = {
  name: "unseal shares",
  target: barrierTarget,
  store: async (storage) => shamirStore(storage),
  initialize: async (store, numbers) => (await store.initialize({ unseal: numbers })).unseal,
  unseal: submitAll,
};

export const autoKind: Kind = {
  name: "recovery shares",
  target: recoveryTarget,
  store: async (storage, seal) => autoStore(storage, seal ?? (await openStaticSeal())),
  initialize: async (store, numbers) => (await store.initialize({ recovery: numbers })).recovery,
  unseal: (store) => store.unseal(),
};

export const kinds = [shamirKind, autoKind] as const;

export const TWO_OF_THREE: ShareNumbers = { shares: 3, threshold: 2 };

export interface Opened {
  readonly kind: Kind;
  readonly storage: Storage;
  readonly store: SealedStore;
  readonly shares: Shares;
}

/** An unsealed store of `kind` with one entry, and its shares. */
export async function openedStore(
  kind: Kind,
  numbers = TWO_OF_THREE,
  storage = openLastingStorage(),
  seal?: Seal,
): Promise<Opened> {
  const store = await kind.store(storage, seal);
  const shares = await kind.initialize(store, numbers);
  await kind.unseal(store, shares.slice(0, numbers.threshold));
  await store.put("kept", Buffer.from("value"));
  return { kind, storage, store, shares };
}

/** A request whose answer is the shares in hex. */
export function hexRequest(
  numbers: ShareNumbers = TWO_OF_THREE,
  options: Partial<RekeyRequest<readonly string[], null>> = {},
): RekeyRequest<readonly string[], null> {
  const deliver = async (shares: Shares): Promise<Delivery<readonly string[]>> => ({
    answer: shares.map((share) => Buffer.from(share).toString("hex")),
    entries: [],
  });
  return { numbers, verification: "none", term: "keep", details: null, deliver, ...options };
}

export function rekeyOf({ store, kind }: Pick<Opened, "store" | "kind">, options?: RekeyOptions): HexRekey {
  return new Rekey(store, kind.target, options);
}

export function bytes(hex: readonly string[]): Uint8Array[] {
  return hex.map((each) => Uint8Array.from(Buffer.from(each, "hex")));
}

/** Submits shares one after another; the new shares, or undefined while some are missing. */
export async function submitted(rekey: HexRekey, nonce: string, shares: Shares): Promise<Uint8Array[] | undefined> {
  for (const share of shares) {
    const outcome = await rekey.submit(nonce, share);
    if (outcome.complete) return bytes(outcome.answer);
  }
  return undefined;
}

/** A whole rekey; the new shares. */
export async function rekeyed(rekey: HexRekey, shares: Shares, request = hexRequest()): Promise<Uint8Array[]> {
  const { nonce, required } = await rekey.start(request);
  return (await submitted(rekey, nonce, shares.slice(0, required))) ?? [];
}

/**
 * Whether a quorum of `shares` is obeyed by a fresh store on `storage` whose data can be read. Where people unseal by
 * shares, that they unseal is the answer.
 */
export async function obeys(kind: Kind, storage: Storage, shares: Shares, seal?: Seal): Promise<boolean> {
  const store = await kind.store(storage, seal);
  try {
    await kind.unseal(store, shares);
    if (store.sealed) return false;
    await store.exclusively((open) => proveQuorum(open, shares));
    return (await store.get("kept"))?.toString() === "value";
  } catch (error) {
    if (error instanceof CoreError && ["WRONG_SHARES", "INVALID_SHARE"].includes(error.code)) return false;
    throw error;
  } finally {
    await store.seal();
  }
}
