// SPDX-License-Identifier: Apache-2.0
/**
 * Seal wrap: a second layer by the seal around the barrier's own, for the keyring and the root key for standbys. The
 * sealed root key and the recovery key are under the seal anyhow and never get it.
 */
import { isSealError, type Seal } from "@sealwright/seal";
import type { WrapKeyring } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { KEYRING, ROOT_KEY } from "../paths.ts";
import type { Storage } from "../storage.ts";
import { decodeWrapped, encodeWrapped } from "./wrapped-entry.ts";

/** The entries that have a layer, where there is one. */
export const LAYERED_PATHS: readonly string[] = [KEYRING, ROOT_KEY];

/** What {@link LAYERED_PATHS} go through on their way to storage. */
export interface EntryLayer {
  readonly wrap: WrapKeyring;
  /** Whether `stored` is in the form that `wrap` gives, whichever key it was. */
  fits(stored: Uint8Array): boolean;
}

/** Makes the layer of a store by its auto seal. */
export type MakeLayer = (seal: Seal) => EntryLayer;

/** No layer: entries as the barrier's format has them, which OpenBao reads. */
export const noLayer: EntryLayer = {
  wrap: async (entry) => entry,
  fits: (stored) => decodeWrapped(stored) === undefined,
};

/** The layer by `seal`, without additional data: the entry inside is bound to its path. */
export const sealLayer: MakeLayer = (seal) => ({
  async wrap(entry, signal) {
    return encodeWrapped(await seal.wrap(entry, signal === undefined ? {} : { signal }));
  },
  fits: (stored) => decodeWrapped(stored)?.wrapped === true,
});

/** The paths of entries in `storage` that have a layer now. */
export async function layeredPaths(storage: Storage): Promise<readonly string[]> {
  const stored = await Promise.all(LAYERED_PATHS.map((path) => storage.get(path)));
  return LAYERED_PATHS.filter((_, index) => {
    const entry = stored[index];
    return entry !== undefined && !noLayer.fits(entry);
  });
}

/** The layer that the keyring in `storage` has now, by `seal`; none where it has none or no seal is at hand. */
export async function layerOf(storage: Storage, seal: Seal | undefined): Promise<EntryLayer> {
  return seal !== undefined && (await layeredPaths(storage)).includes(KEYRING) ? sealLayer(seal) : noLayer;
}

/**
 * Takes the layer off an entry that was read at `path`, if it has one. Rejects with `WRONG_SEAL`, naming the key that is
 * needed, where the seal at hand does not open it, and with what the seal rejects with.
 */
export type RemoveLayer = (path: string, stored: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array>;

const MAX_SHOWN_KEY_ID = 80;

/** Reads what any layer's form is, by `seal`; undefined where people unseal and no seal is at hand. */
export function layerReader(seal: Seal | undefined): RemoveLayer {
  return async (path, stored, signal) => {
    const blob = decodeWrapped(stored);
    if (blob === undefined) return stored;
    if (blob.wrapped !== true) return blob.ciphertext;
    // It comes out of storage: quoted, and cut.
    const needed = JSON.stringify((blob.keyInfo?.keyId ?? "").slice(0, MAX_SHOWN_KEY_ID));
    const refuse = (why: string, cause?: unknown): CoreError => {
      const message = `${path} is seal-wrapped, and needs the seal whose key is called ${needed}: ${why}`;
      return new CoreError("WRONG_SEAL", message, { cause });
    };
    if (seal === undefined) throw refuse("no auto seal is configured");
    try {
      return await seal.unwrap(blob, signal === undefined ? {} : { signal });
    } catch (cause) {
      if (isSealError(cause, "SEAL_BAD_CIPHERTEXT") || isSealError(cause, "SEAL_KEY_MISSING")) {
        throw refuse(`the configured ${seal.type} seal does not open it, or it was altered`, cause);
      }
      throw cause;
    }
  };
}
