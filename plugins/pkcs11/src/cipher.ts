// SPDX-License-Identifier: Apache-2.0
/** From keys to blobs: what each type of key makes of a plaintext. */
import { NO_AAD, openEnvelope, SealError, type SealedBlob, sealEnvelope } from "@sealwright/seal";
import { decryptGcm, encryptGcm } from "./aes-gcm.ts";
import type { MechanismName, Pkcs11Config } from "./config.ts";
import { CryptokiError } from "./errors.ts";
import { formatKeyName, type KeyName, spell, type TokenKey } from "./keys.ts";
import { RsaOaep } from "./rsa-oaep.ts";
import type { Session } from "./session.ts";

/** `KeyInfo.mechanism` of an envelope. */
export const ENVELOPE = 1;
const PROBE = new Uint8Array([1]);

/** A key in use: encrypts and decrypts by the mechanism that goes with its type. */
export interface Cipher {
  readonly mechanism: MechanismName;
  /** `SEAL_CONFIG` for additional data that the mechanism cannot bind. */
  wrap(plaintext: Uint8Array, aad: Uint8Array): Promise<SealedBlob>;
  /** `SEAL_BAD_CIPHERTEXT` for what this key did not wrap with this additional data. */
  unwrap(blob: SealedBlob, aad: Uint8Array): Promise<Uint8Array>;
}

function refuseAad(aad: Uint8Array): void {
  if (aad.length === 0) return;
  throw new SealError(
    "SEAL_CONFIG",
    'seal "pkcs11": RSA-OAEP takes no additional data, and dropping it would be unsafe',
  );
}

function aesCipher(session: Session, key: Extract<TokenKey, { kind: "aes" }>, name: KeyName): Cipher {
  const keyInfo = { keyId: formatKeyName(name) };
  return {
    mechanism: "CKM_AES_GCM",
    async wrap(plaintext, aad) {
      const doing = `encrypting with the AES key ${spell(name)}`;
      return { ...(await encryptGcm(session, key.secret, plaintext, aad, doing)), keyInfo };
    },
    unwrap: (blob, aad) => decryptGcm(session, key.secret, blob, aad, `decrypting with the AES key ${spell(name)}`),
  };
}

function rsaCipher(
  session: Session,
  key: Extract<TokenKey, { kind: "rsa" }>,
  name: KeyName,
  config: Pkcs11Config,
): Cipher {
  const rsa = new RsaOaep(session, key, config.rsa_oaep_hash);
  const by = config.disable_software_encryption ? "token" : "software";
  const encrypt = (text: Uint8Array): Promise<Uint8Array> =>
    rsa.encrypt(text, by, `encrypting with the RSA key ${spell(name)}`);
  const decrypt = (text: Uint8Array): Promise<Uint8Array> =>
    rsa.decrypt(text, `decrypting with the RSA key ${spell(name)}`);
  const keyId = formatKeyName(name);
  return {
    mechanism: "CKM_RSA_PKCS_OAEP",
    async wrap(plaintext, aad) {
      refuseAad(aad);
      if (plaintext.length <= rsa.maxPlaintextBytes)
        return { ciphertext: await encrypt(plaintext), keyInfo: { keyId } };
      return sealEnvelope(plaintext, NO_AAD, async (dataKey) => {
        return { mechanism: ENVELOPE, keyId, wrappedKey: await encrypt(dataKey) };
      });
    },
    async unwrap(blob, aad) {
      refuseAad(aad);
      if (blob.keyInfo?.wrappedKey === undefined) return decrypt(blob.ciphertext);
      return openEnvelope(blob, NO_AAD, decrypt);
    },
  };
}

async function roundTrip(cipher: Cipher): Promise<boolean> {
  const opened = await cipher.unwrap(await cipher.wrap(PROBE, NO_AAD), NO_AAD);
  return Buffer.compare(opened, PROBE) === 0;
}

/** Says that a blob is bad where the token only said that something went wrong: it works on a blob that is good. */
async function unwrapDecidedly(cipher: Cipher, blob: SealedBlob, aad: Uint8Array): Promise<Uint8Array> {
  try {
    return await cipher.unwrap(blob, aad);
  } catch (error) {
    if (!(error instanceof CryptokiError && error.vague)) throw error;
    const works = await roundTrip(cipher).catch(() => false);
    if (!works) throw error;
    throw new SealError(
      "SEAL_BAD_CIPHERTEXT",
      'seal "pkcs11": this does not open: another key or other additional data belongs to it, or it was altered',
      { cause: error },
    );
  }
}

/** The cipher of `key`, which the token has under `name`. */
export function cipherOf(session: Session, key: TokenKey, name: KeyName, config: Pkcs11Config): Cipher {
  const cipher = key.kind === "aes" ? aesCipher(session, key, name) : rsaCipher(session, key, name, config);
  return { ...cipher, unwrap: (blob, aad) => unwrapDecidedly(cipher, blob, aad) };
}
