// SPDX-License-Identifier: Apache-2.0
import type { AutoSealPlugin, Seal, SealEnvironment, SealedBlob, Stanza } from "@sealwright/seal";

/** What a seal can do and what its blobs look like, declared as data; the suite holds the seal to it. */
export interface SealTraits {
  /** The longest plaintext that it wraps, in bytes, where that is less than the contract's 4 MiB. */
  readonly maxPlaintextBytes?: number;
  /** `bound`: additional data is authenticated. `refused`: the backend has none, so any is `SEAL_CONFIG`. */
  readonly aad: "bound" | "refused";
  /** The optional parts that its blobs have; the suite flips bits in each. */
  readonly parts: readonly BlobPart[];
  /** A key id in the seal's notation of a key that is not there. Left out where blobs name no key. */
  readonly unknownKeyId?: string;
}

/** A part of a blob beside the ciphertext that the unwrapping depends on. */
export type BlobPart = "iv" | "wrappedKey";

/** How the suite gets at a seal. */
export interface SealHarness {
  readonly traits: SealTraits;
  /** A ready seal; every call gives a new one over the same key. The suite closes it. */
  open(): Promise<Seal>;
  /** `plaintext` wrapped by a key that the seal does not have, under the key id that its own blobs carry. */
  foreignBlob(plaintext: Uint8Array): Promise<SealedBlob>;
  /** Texts that no error and no setting may show: keys, PINs, shares, in every notation in use. */
  readonly secrets: readonly string[];
  /** For plugins of kind `auto`. */
  readonly configuration?: ConfigurationHarness;
}

/** What the suite tries on the configuration of a plugin of kind `auto`. */
export interface ConfigurationHarness {
  readonly plugin: AutoSealPlugin;
  /** A stanza that `open` accepts; environment variables play no part. */
  readonly valid: Stanza;
  /** Keys of `valid` without which it is not accepted. */
  readonly required: readonly string[];
  /** Stanzas that are refused, each with what is wrong with it and a word that the error must contain. */
  readonly mistakes: readonly { readonly wrong: string; readonly stanza: Stanza; readonly says: string }[];
}

/** A {@link SealEnvironment} that drops what is logged. */
export const quietEnvironment: SealEnvironment = { log: () => {} };
