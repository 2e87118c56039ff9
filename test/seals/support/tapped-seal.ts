// SPDX-License-Identifier: Apache-2.0
import type { Seal, SealCall } from "@sealwright/seal";

/** What a seal is asked to do. */
export type Operation = "wrap" | "unwrap";

/** What stands between a store and a seal. */
export interface Tap {
  /** Is done before each call; where it rejects the seal is not asked. */
  before?(operation: Operation, call: SealCall | undefined): Promise<void>;
  /** What the store is told that the seal unwrapped to. */
  unwrapped?(plaintext: Uint8Array): Uint8Array;
}

/** `seal` behind `tap`, which may be changed at any time. */
export function tapped(seal: Seal, tap: Tap): Seal {
  return {
    type: seal.type,
    async wrap(plaintext, call) {
      await tap.before?.("wrap", call);
      return seal.wrap(plaintext, call);
    },
    async unwrap(blob, call) {
      await tap.before?.("unwrap", call);
      const plaintext = await seal.unwrap(blob, call);
      return tap.unwrapped?.(plaintext) ?? plaintext;
    },
    close: () => seal.close(),
  };
}
