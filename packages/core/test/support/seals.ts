// SPDX-License-Identifier: Apache-2.0
/** Seals for tests: the real static seal, and ways for a seal to fail. */

import { plugin as staticPlugin } from "@sealwright/plugin-static";
import { type Seal, SealError, type SealErrorCode } from "@sealwright/seal";

/** A static seal whose key is 32 times `byte`. */
export function openStaticSeal(byte = 7, keyId = "key-a"): Promise<Seal> {
  const config = {
    current_key: new Uint8Array(32).fill(byte),
    current_key_id: keyId,
    previous_key: undefined,
    previous_key_id: undefined,
  };
  return staticPlugin.open(config, { log: () => {} });
}

/** `seal` with some of its calls replaced. */
export function altered(seal: Seal, calls: Partial<Pick<Seal, "wrap" | "unwrap">>): Seal {
  return {
    type: seal.type,
    wrap: (plaintext, call) => seal.wrap(plaintext, call),
    unwrap: (blob, call) => seal.unwrap(blob, call),
    close: () => seal.close(),
    ...calls,
  };
}

/** `seal` whose calls from the `nth` on (counting wraps and unwraps from 1) reject with `code`. */
export function failingFrom(seal: Seal, nth: number, code: SealErrorCode): Seal {
  let calls = 0;
  const admit = (): void => {
    if (++calls >= nth) throw new SealError(code, `call ${calls} failed`);
  };
  return altered(seal, {
    async wrap(plaintext, call) {
      admit();
      return seal.wrap(plaintext, call);
    },
    async unwrap(blob, call) {
      admit();
      return seal.unwrap(blob, call);
    },
  });
}

/** `seal` that answers only when aborted, with `SEAL_TIMEOUT`, and says when it was asked. */
export function hanging(seal: Seal): { readonly seal: Seal; readonly asked: Promise<void> } {
  const asked = Promise.withResolvers<void>();
  const hang = (signal: AbortSignal | undefined): Promise<never> => {
    asked.resolve();
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new SealError("SEAL_TIMEOUT", "abandoned")), { once: true });
    });
  };
  const calls = {
    wrap: (_: Uint8Array, call?: { signal?: AbortSignal }) => hang(call?.signal),
    unwrap: (_: unknown, call?: { signal?: AbortSignal }) => hang(call?.signal),
  };
  return { seal: altered(seal, calls), asked: asked.promise };
}
