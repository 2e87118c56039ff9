// SPDX-License-Identifier: Apache-2.0
import type { Seal, SealCall } from "@sealwright/seal";

/** `seal`, each of whose calls is abandoned with `SEAL_TIMEOUT` after so many milliseconds, if not by its own signal. */
export function withDeadline(seal: Seal, milliseconds: number): Seal {
  const within = (call: SealCall = {}): SealCall => {
    const deadline = AbortSignal.timeout(milliseconds);
    return { ...call, signal: call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline]) };
  };
  return {
    type: seal.type,
    wrap: (plaintext, call) => seal.wrap(plaintext, within(call)),
    unwrap: (blob, call) => seal.unwrap(blob, within(call)),
    close: () => seal.close(),
  };
}

/**
 * What `work` answers, or a rejection with what `late` makes once so many milliseconds have passed. Until then this keeps
 * the process alive: work that hangs may hold nothing that does.
 */
export async function before<T>(work: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(() => expired.reject(late()), milliseconds);
  try {
    return await Promise.race([work, expired.promise]);
  } finally {
    clearTimeout(timer);
  }
}
