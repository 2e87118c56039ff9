// SPDX-License-Identifier: Apache-2.0
/** Counts encryptions where they are made, to hold the store's own count against. */
import type { KeyObject } from "node:crypto";
import { paths, type SealedStore } from "@sealwright/core";

const made = new Map<string, bigint>();

function nameOf(key: KeyObject): string {
  return key.export().toString("hex");
}

/** To be called for each encryption. Those of the keyring are under the root key, those of seals bind no path. */
export function noteEncryption(key: KeyObject, aad: Uint8Array): void {
  if (aad.length === 0 || Buffer.from(aad).toString() === paths.KEYRING) return;
  made.set(nameOf(key), (made.get(nameOf(key)) ?? 0n) + 1n);
}

/** How many there really were under the active key of `store`, which is open. */
export function reallyMade(store: SealedStore): bigint {
  return made.get(nameOf(store.barrier.keyring.active.key)) ?? 0n;
}
