// SPDX-License-Identifier: Apache-2.0
/** `CKM_AES_GCM` on the token: a 12-byte nonce, a 16-byte tag, additional data as given. */
import { NONCE_BYTES, nonceInFront, randomNonce, SealError, type SealedBlob, TAG_BYTES } from "@sealwright/seal";
import type { Mechanism } from "pkcs11js";
import type { Handle, Library } from "./library.ts";
import type { Session } from "./session.ts";

function gcm({ ck }: Library, nonce: Uint8Array, aad: Uint8Array): Mechanism {
  const parameter = {
    type: ck.CK_PARAMS_AES_GCM_v240,
    iv: Buffer.from(nonce),
    ivBits: NONCE_BYTES * 8,
    tagBits: TAG_BYTES * 8,
    ...(aad.length === 0 ? {} : { aad: Buffer.from(aad) }),
  };
  return { mechanism: ck.CKM_AES_GCM, parameter };
}

/**
 * Nonce and ciphertext of what a device answered to a plaintext of `plaintextBytes`. Some devices take no nonce: they
 * make one and append it, so the answer is 12 bytes longer. Throws `SEAL_CONFIG` for any other length.
 */
export function splitAnswer(
  answer: Uint8Array,
  plaintextBytes: number,
  nonce: Uint8Array,
): { iv: Uint8Array; ciphertext: Uint8Array } {
  const due = plaintextBytes + TAG_BYTES;
  if (answer.length === due) return { iv: nonce, ciphertext: answer };
  if (answer.length === due + NONCE_BYTES) return { iv: answer.slice(due), ciphertext: answer.slice(0, due) };
  throw new SealError(
    "SEAL_CONFIG",
    `seal "pkcs11": the token's CKM_AES_GCM answered ${answer.length} bytes where ${due} are due, or ${NONCE_BYTES} ` +
      "more with a nonce: this device's form of the mechanism is not known",
  );
}

/** Encrypts on the token under a fresh nonce. `doing` is for messages. */
export async function encryptGcm(
  session: Session,
  key: Handle,
  plaintext: Uint8Array,
  aad: Uint8Array,
  doing: string,
): Promise<{ iv: Uint8Array; ciphertext: Uint8Array }> {
  const nonce = randomNonce();
  const answer = await session.encrypt(gcm(session.library, nonce, aad), key, plaintext, doing);
  return splitAnswer(answer, plaintext.length, nonce);
}

/** Decrypts a blob with its nonce in `iv` or in front of the ciphertext. `SEAL_BAD_CIPHERTEXT` on any doubt. */
export async function decryptGcm(
  session: Session,
  key: Handle,
  blob: SealedBlob,
  aad: Uint8Array,
  doing: string,
): Promise<Uint8Array> {
  const sealed = nonceInFront(blob);
  if (sealed.length < NONCE_BYTES + TAG_BYTES) {
    throw new SealError(
      "SEAL_BAD_CIPHERTEXT",
      'seal "pkcs11": this is shorter than a nonce and a tag: it was cut short',
    );
  }
  const mechanism = gcm(session.library, sealed.subarray(0, NONCE_BYTES), aad);
  return session.decrypt(mechanism, key, sealed.subarray(NONCE_BYTES), doing);
}
