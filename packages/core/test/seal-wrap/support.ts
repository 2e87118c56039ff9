// SPDX-License-Identifier: Apache-2.0
/** Stores whose keyring has a layer by their seal. */
import { decodeWrapped, openEntry, paths, SealedStore, type Storage, sealLayer, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import type { Seal } from "@sealwright/seal";
import { vi } from "vitest";
import { type Observed, observed } from "../support/observed.ts";
import { openStaticSeal } from "../support/seals.ts";
import { openLastingStorage } from "../support/storages.ts";

export const LAYERED = [paths.KEYRING, paths.ROOT_KEY] as const;

export interface Opened {
  readonly store: SealedStore;
  readonly storage: Storage;
  readonly told: Observed;
}

/** A store, initialised if it was not, and unsealed. */
export async function open(
  layer: "layered" | "bare",
  { storage = openLastingStorage(), seal }: { storage?: Storage; seal?: Seal } = {},
): Promise<Opened> {
  const told = observed();
  const store = new SealedStore({
    storage,
    shares: shamir,
    seals: soleSeal(seal ?? (await openStaticSeal())),
    observer: told,
    ...(layer === "layered" ? { layer: sealLayer } : {}),
  });
  if (!(await store.status()).initialized) await store.initialize({ recovery: { shares: 1, threshold: 1 } });
  await store.unseal();
  return { store, storage, told };
}

/** Which of the layered entries have a layer now, by path. */
export async function layers(storage: Storage): Promise<Record<string, boolean>> {
  const read = async (path: string) =>
    [path, decodeWrapped((await storage.get(path))!)?.[0]?.wrapped === true] as const;
  return Object.fromEntries(await Promise.all(LAYERED.map(read)));
}

export const BOTH = { [paths.KEYRING]: true, [paths.ROOT_KEY]: true };
export const NEITHER = { [paths.KEYRING]: false, [paths.ROOT_KEY]: false };

/** Resolves when the background has done what it can. */
export function rewrapped({ told }: Opened, times = 1): Promise<void> {
  return vi.waitFor(() => {
    if (told.rewraps.length < times) throw new Error("the rewrap goes on");
  });
}

/** The root key that `core/root-key` holds for standbys, its layer taken off by `seal`. */
export async function standbyRootKey({ store, storage }: Opened, seal: Seal): Promise<string> {
  const stored = (await storage.get(paths.ROOT_KEY))!;
  const blob = decodeWrapped(stored)?.[0];
  const entry = blob === undefined ? stored : await seal.unwrap(blob);
  const plaintext = openEntry(store.barrier.keyring.active.key, paths.ROOT_KEY, entry);
  return (JSON.parse(plaintext.toString("utf8")) as { Value: string }).Value;
}
