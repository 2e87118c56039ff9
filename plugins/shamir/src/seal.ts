// SPDX-License-Identifier: Apache-2.0
import { encrypt, guardSeal, KEY_BYTES, NO_AAD, openAead, type Seal, SealError } from "@sealwright/seal";

/**
 * A seal under `key` (32 bytes, copied; the copy is wiped on `close`). Its blobs hold `nonce || ciphertext || tag` in
 * `ciphertext`, no `iv`, and a key info without content: the form that OpenBao and Vault write and expect.
 */
export function openShamirSeal(key: Uint8Array): Seal {
  if (key.length !== KEY_BYTES) {
    throw new SealError("SEAL_CONFIG", `a Shamir key has ${KEY_BYTES} bytes, this one has ${key.length}`);
  }
  const own = Uint8Array.from(key);
  return guardSeal({
    type: "shamir",
    async wrap(plaintext, call) {
      return { ciphertext: encrypt(own, plaintext, call?.aad ?? NO_AAD), keyInfo: { keyId: "" } };
    },
    async unwrap(blob, call) {
      return openAead(own, blob, call?.aad);
    },
    async close() {
      own.fill(0);
    },
  });
}
