// SPDX-License-Identifier: Apache-2.0
/** `CKM_AES_GCM` on the token: a 16-byte tag, additional data as given, and a nonce of ours or of the device's own. */
import { NONCE_BYTES, randomNonce, SealError, type SealedBlob, TAG_BYTES } from "@sealwright/seal";
import type { Mechanism } from "pkcs11js";
import type { Handle, Library } from "./library.ts";
import type { Session } from "./session.ts";
import type { VendorProfile } from "./vendors.ts";

/** The nonces that devices make: the usual one, and Luna's. */
const OWN_NONCE_BYTES = [NONCE_BYTES, 16];

/** A nonce apart from what was encrypted under it. */
export interface GcmText {
  readonly iv: Uint8Array;
  /** With the tag behind it. */
  readonly ciphertext: Uint8Array;
}

function gcm({ ck }: Library, { gcmIvBits }: VendorProfile, nonce: Buffer, aad: Uint8Array): Mechanism {
  const parameter = {
    type: ck.CK_PARAMS_AES_GCM_v240,
    iv: nonce,
    ivBits: gcmIvBits === "length" ? nonce.length * 8 : 0,
    tagBits: TAG_BYTES * 8,
    ...(aad.length === 0 ? {} : { aad: Buffer.from(aad) }),
  };
  return { mechanism: ck.CKM_AES_GCM, parameter };
}

function unknownForm(problem: string): SealError {
  return new SealError(
    "SEAL_CONFIG",
    `seal "pkcs11": the token's CKM_AES_GCM ${problem}: this device's form of the mechanism is not known`,
  );
}

/**
 * What an answer to a plaintext of `plaintextBytes` may mean, the likeliest first. As long as text and tag, it goes with
 * `nonce`, which holds what the device left there. 12 or 16 bytes longer, the device's own nonce stands behind it or in
 * front. Throws `SEAL_CONFIG` for any other length.
 */
export function readingsOf(answer: Uint8Array, plaintextBytes: number, nonce: Uint8Array): GcmText[] {
  const due = plaintextBytes + TAG_BYTES;
  if (answer.length === due) return [{ iv: nonce, ciphertext: answer }];
  const own = answer.length - due;
  if (OWN_NONCE_BYTES.includes(own)) {
    return [
      { iv: answer.slice(due), ciphertext: answer.slice(0, due) },
      { iv: answer.slice(0, own), ciphertext: answer.slice(own) },
    ];
  }
  throw unknownForm(`answered ${answer.length} bytes where ${due} are due, or 12 or 16 more with a nonce`);
}

/** AES-GCM under one key of the token. */
export class AesGcm {
  readonly #key: Handle;
  readonly #vendor: VendorProfile;
  /** Which of the readings the device means, once a trial has shown it. */
  #reading: number | undefined;

  constructor(key: Handle, vendor: VendorProfile) {
    this.#key = key;
    this.#vendor = vendor;
  }

  /** Encrypts on the token under a fresh nonce. `doing` is for messages. */
  async encrypt(session: Session, plaintext: Uint8Array, aad: Uint8Array, doing: string): Promise<GcmText> {
    // The device may write its own nonce here, so it is a buffer of its own.
    const nonce = this.#vendor.gcmNonce === "zeroed" ? Buffer.alloc(NONCE_BYTES) : Buffer.from(randomNonce());
    // A caller who has abandoned the call may wipe its bytes, and the trial below needs them.
    const copy = new Uint8Array(plaintext);
    try {
      const mechanism = gcm(session.library, this.#vendor, nonce, aad);
      const answer = await session.encrypt(mechanism, this.#key, copy, doing);
      const readings = readingsOf(answer, copy.length, nonce);
      const text = readings.length === 1 ? readings[0]! : await this.#choose(session, readings, copy, aad, doing);
      if (text.iv.every((byte) => byte === 0)) throw unknownForm("made no nonce where one of zeros was given");
      return text;
    } finally {
      copy.fill(0);
    }
  }

  /** Decrypts a blob with its nonce in `iv` or in front of the ciphertext. `SEAL_BAD_CIPHERTEXT` on any doubt. */
  async decrypt(session: Session, blob: SealedBlob, aad: Uint8Array, doing: string): Promise<Uint8Array> {
    const apart = blob.iv !== undefined && blob.iv.length > 0;
    const nonce = apart ? blob.iv : blob.ciphertext.subarray(0, NONCE_BYTES);
    const ciphertext = apart ? blob.ciphertext : blob.ciphertext.subarray(NONCE_BYTES);
    if (!OWN_NONCE_BYTES.includes(nonce.length) || ciphertext.length < TAG_BYTES) {
      const problem = "this has no nonce and tag of the right lengths: it was cut short";
      throw new SealError("SEAL_BAD_CIPHERTEXT", `seal "pkcs11": ${problem}`);
    }
    const mechanism = gcm(session.library, this.#vendor, Buffer.from(nonce), aad);
    return session.decrypt(mechanism, this.#key, ciphertext, doing);
  }

  /** Only a trial shows at which end a device puts its nonce. */
  async #choose(
    session: Session,
    readings: readonly GcmText[],
    plaintext: Uint8Array,
    aad: Uint8Array,
    doing: string,
  ): Promise<GcmText> {
    if (this.#reading !== undefined) return readings[this.#reading]!;
    for (const [index, reading] of readings.entries()) {
      const opened = await this.decrypt(session, reading, aad, doing).catch(() => undefined);
      const fits = opened !== undefined && Buffer.compare(opened, plaintext) === 0;
      opened?.fill(0);
      if (!fits) continue;
      this.#reading = index;
      return reading;
    }
    throw unknownForm("answers a text with a nonce of its own that does not open");
  }
}
