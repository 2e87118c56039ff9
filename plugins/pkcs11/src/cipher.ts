// SPDX-License-Identifier: Apache-2.0
/** From keys to blobs: what each type of key makes of a plaintext. */
import { NO_AAD, SealError, type SealedBlob } from "@sealwright/seal";
import { type CbcKeys, decryptCbc, encryptCbc } from "./aes-cbc.ts";
import { AesGcm } from "./aes-gcm.ts";
import { HMACS, type HmacName, MECHANISMS, type MechanismName, type Pkcs11Config } from "./config.ts";
import { CIPHERTEXT_ONLY, IV_AND_HMAC_AROUND, NONCE_IN_FRONT, withEnvelope } from "./envelope.ts";
import { CryptokiError } from "./errors.ts";
import { type AesKey, checkPermission, formatKeyName, type KeyName, type RsaKey, spell } from "./keys.ts";
import { RsaOaep } from "./rsa-oaep.ts";
import type { Session } from "./session.ts";
import type { VendorProfile } from "./vendors.ts";

/** `KeyInfo.mechanism` of an envelope. That of AES-CBC keeps its own, which says how the HMAC goes. */
export const ENVELOPE = 1;
/** What goes to the token as it is under an AES key. Devices take at least so much in one operation. */
export const MOST_DIRECT_BYTES = 4_096;
const PROBE = new Uint8Array([1]);

/** A key in use: encrypts and decrypts by one mechanism, in whatever session it is given. */
export interface Cipher {
  readonly mechanism: MechanismName;
  /** `SEAL_CONFIG` for additional data that the mechanism cannot bind. */
  wrap(session: Session, plaintext: Uint8Array, aad: Uint8Array): Promise<SealedBlob>;
  /** `SEAL_BAD_CIPHERTEXT` for what this key did not wrap with this additional data. */
  unwrap(session: Session, blob: SealedBlob, aad: Uint8Array): Promise<Uint8Array>;
}

/** `cipher` for a mechanism, called `name` in messages, that has no additional data. */
function withoutAad(name: string, cipher: Cipher): Cipher {
  const refuse = (aad: Uint8Array): void => {
    if (aad.length === 0) return;
    const problem = `${name} takes no additional data, and dropping it would be unsafe`;
    throw new SealError("SEAL_CONFIG", `seal "pkcs11": ${problem}`);
  };
  return {
    ...cipher,
    async wrap(session, plaintext, aad) {
      refuse(aad);
      return cipher.wrap(session, plaintext, aad);
    },
    async unwrap(session, blob, aad) {
      refuse(aad);
      return cipher.unwrap(session, blob, aad);
    },
  };
}

/** AES-GCM: the nonce stands in `iv`. */
export function gcmCipher(key: AesKey, name: KeyName, vendor: VendorProfile): Cipher {
  const keyInfo = { keyId: formatKeyName(name) };
  const aes = new AesGcm(key.secret, vendor);
  const encrypting = `encrypting with the AES key ${spell(name)}`;
  const decrypting = `decrypting with the AES key ${spell(name)}`;
  const direct: Cipher = {
    mechanism: "CKM_AES_GCM",
    async wrap(session, plaintext, aad) {
      checkPermission(key, name, "CKA_ENCRYPT", session.where);
      return { ...(await aes.encrypt(session, plaintext, aad, encrypting)), keyInfo };
    },
    async unwrap(session, blob, aad) {
      checkPermission(key, name, "CKA_DECRYPT", session.where);
      return aes.decrypt(session, blob, aad, decrypting);
    },
  };
  return decided(withEnvelope(direct, MOST_DIRECT_BYTES, ENVELOPE, NONCE_IN_FRONT));
}

/** AES-CBC with an HMAC, in the fields that Vault has for it. */
export function cbcCipher(keys: CbcKeys, name: KeyName, hmacName: KeyName, by: HmacName): Cipher {
  const keyInfo = {
    mechanism: MECHANISMS.CKM_AES_CBC_PAD,
    hmacMechanism: HMACS[by],
    keyId: formatKeyName(name),
    hmacKeyId: formatKeyName(hmacName),
  };
  const direct: Cipher = {
    mechanism: "CKM_AES_CBC_PAD",
    async wrap(session, plaintext) {
      checkPermission(keys.aes, name, "CKA_ENCRYPT", session.where);
      checkPermission(keys.hmac, hmacName, "CKA_SIGN", session.where);
      const text = await encryptCbc(session, keys, by, plaintext, `encrypting with the AES key ${spell(name)}`);
      return { ...text, keyInfo };
    },
    async unwrap(session, blob) {
      checkPermission(keys.aes, name, "CKA_DECRYPT", session.where);
      checkPermission(keys.hmac, hmacName, "CKA_SIGN", session.where);
      return decryptCbc(session, keys, by, blob, `decrypting with the AES key ${spell(name)}`);
    },
  };
  const mechanism = MECHANISMS.CKM_AES_CBC_PAD;
  return decided(withoutAad("CKM_AES_CBC_PAD", withEnvelope(direct, MOST_DIRECT_BYTES, mechanism, IV_AND_HMAC_AROUND)));
}

/** RSA-OAEP, through an envelope where the text is longer than the modulus allows. */
export function rsaCipher(session: Session, key: RsaKey, name: KeyName, config: Pkcs11Config): Cipher {
  const rsa = new RsaOaep(session, key, config.rsa_oaep_hash);
  const by = config.disable_software_encryption ? "token" : "software";
  const keyInfo = { keyId: formatKeyName(name) };
  const direct: Cipher = {
    mechanism: "CKM_RSA_PKCS_OAEP",
    async wrap(at, plaintext) {
      return {
        ciphertext: await rsa.encrypt(at, plaintext, by, `encrypting with the RSA key ${spell(name)}`),
        keyInfo,
      };
    },
    async unwrap(at, { ciphertext }) {
      checkPermission(key, name, "CKA_DECRYPT", at.where);
      return rsa.decrypt(at, ciphertext, `decrypting with the RSA key ${spell(name)}`);
    },
  };
  return decided(withoutAad("RSA-OAEP", withEnvelope(direct, rsa.maxPlaintextBytes, ENVELOPE, CIPHERTEXT_ONLY)));
}

async function roundTrip(cipher: Cipher, session: Session): Promise<boolean> {
  const opened = await cipher.unwrap(session, await cipher.wrap(session, PROBE, NO_AAD), NO_AAD);
  return Buffer.compare(opened, PROBE) === 0;
}

function isVague(error: unknown): boolean {
  return error instanceof CryptokiError && error.vague;
}

/**
 * Says that a blob is bad where the token only says that something went wrong: a good blob opens before and after, and
 * this one does not even at the second attempt.
 */
function decided(cipher: Cipher): Cipher {
  const unwrap: Cipher["unwrap"] = async (session, blob, aad) => {
    try {
      return await cipher.unwrap(session, blob, aad);
    } catch (error) {
      if (!isVague(error) || !(await roundTrip(cipher, session).catch(() => false))) throw error;
    }
    try {
      return await cipher.unwrap(session, blob, aad);
    } catch (error) {
      if (!isVague(error) || !(await roundTrip(cipher, session).catch(() => false))) throw error;
      throw new SealError(
        "SEAL_BAD_CIPHERTEXT",
        'seal "pkcs11": this does not open: another key or other additional data belongs to it, or it was altered',
        { cause: error },
      );
    }
  };
  return { ...cipher, unwrap };
}
