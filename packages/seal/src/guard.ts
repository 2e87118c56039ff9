// SPDX-License-Identifier: Apache-2.0
/** What the contract asks of every seal alike, in one place, so that a plugin's own code is only about its backend. */
import { abandonable } from "./call.ts";
import { MAX_AAD_BYTES, MAX_PLAINTEXT_BYTES, type Seal, type SealCall } from "./contract.ts";
import { SealError } from "./errors.ts";

function checkPlaintext(name: string, plaintext: Uint8Array): void {
  if (plaintext.length >= 1 && plaintext.length <= MAX_PLAINTEXT_BYTES) return;
  throw new SealError(
    "SEAL_CONFIG",
    `${name} wraps 1 to ${MAX_PLAINTEXT_BYTES} bytes, and was given ${plaintext.length}`,
  );
}

/**
 * Makes a seal that keeps the contract from `inner`, which knows its backend only. Calls after `close` are refused with
 * `SEAL_UNAVAILABLE`, plaintexts and additional data of illegal length with `SEAL_CONFIG`; an aborted call is
 * abandoned with `SEAL_TIMEOUT` and its late plaintext wiped; `inner.close` is called once. `inner` still gets the
 * signal, for a backend that can cancel. `name` is what errors call the seal: one with a service behind it says where.
 */
export function guardSeal(inner: Seal, name = `the ${inner.type} seal`): Seal {
  const { type } = inner;
  let closed: Promise<void> | undefined;

  const admit = (call: SealCall | undefined): void => {
    if (closed !== undefined) throw new SealError("SEAL_UNAVAILABLE", `${name} is closed`);
    if (call?.signal?.aborted) {
      throw new SealError("SEAL_TIMEOUT", `the call to ${name} was abandoned before it began`, {
        cause: call.signal.reason,
      });
    }
    const aadBytes = call?.aad?.length ?? 0;
    if (aadBytes > MAX_AAD_BYTES) {
      throw new SealError(
        "SEAL_CONFIG",
        `${name} takes at most ${MAX_AAD_BYTES} bytes of additional data, and was given ${aadBytes}`,
      );
    }
  };

  return {
    type,
    async wrap(plaintext, call) {
      admit(call);
      checkPlaintext(name, plaintext);
      return abandonable(inner.wrap(plaintext, call), call?.signal, `wrapping with ${name}`);
    },
    async unwrap(blob, call) {
      admit(call);
      const wipe = (late: Uint8Array): void => void late.fill(0);
      return abandonable(inner.unwrap(blob, call), call?.signal, `unwrapping with ${name}`, wipe);
    },
    close() {
      closed ??= inner.close();
      return closed;
    },
  };
}
