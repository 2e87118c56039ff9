// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, openEnvelope, type Seal, SealError, type SealedBlob, sealEnvelope } from "@sealwright/seal";
import { decryptGcm, encryptGcm } from "./aes-gcm.ts";
import { MECHANISMS, type MechanismName, type Pkcs11Config } from "./config.ts";
import { Connection } from "./connection.ts";
import { CryptokiError } from "./errors.ts";
import { formatKeyName, type KeyName, parseKeyName, spell, type TokenKey } from "./keys.ts";
import type { Library } from "./library.ts";
import { RsaOaep } from "./rsa-oaep.ts";
import type { Session } from "./session.ts";

/** `KeyInfo.mechanism` of an envelope. */
const ENVELOPE = 1;
const PROBE = new Uint8Array([1]);

/** A key in use: encrypts and decrypts by the mechanism that goes with its type. */
interface Cipher {
  readonly mechanism: MechanismName;
  wrap(plaintext: Uint8Array, aad: Uint8Array): Promise<SealedBlob>;
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
async function unwrapOrTell(cipher: Cipher, blob: SealedBlob, aad: Uint8Array): Promise<Uint8Array> {
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

/** The key that a blob names; where it names none, the one that the configuration says. */
function keyOf(blob: SealedBlob, config: Pkcs11Config): KeyName {
  const named = parseKeyName(blob.keyInfo?.keyId ?? "");
  if (named.label !== undefined || named.id !== undefined) return named;
  if (config.default_key_label !== undefined) return { label: config.default_key_label, id: undefined };
  return { label: config.key_label, id: config.key_id };
}

/** Vault notes the mechanism in a blob, OpenBao leaves it out. */
function checkMechanism(blob: SealedBlob): void {
  const noted = blob.keyInfo?.mechanism ?? 0;
  if (noted === 0 || noted === ENVELOPE || Object.values(MECHANISMS).some((known) => known === noted)) return;
  throw new SealError(
    "SEAL_CONFIG",
    `seal "pkcs11": this was wrapped by mechanism 0x${noted.toString(16)}, and this version opens only ` +
      "CKM_AES_GCM and CKM_RSA_PKCS_OAEP",
  );
}

/**
 * A seal under a key on a token. It contacts the token at the first call. The type of the key that is found decides how
 * it is used: AES keys by AES-GCM with the nonce in `iv`; RSA keys by OAEP, and through an envelope where the text
 * is longer than the modulus allows. Additional data is honoured with AES and refused with RSA.
 */
export function openPkcs11Seal(library: Library, config: Pkcs11Config): Seal {
  const connection = new Connection(library, config);
  const configured: KeyName = { label: config.key_label, id: config.key_id };
  // A session keeps the key objects that it found, so a cipher lives as long as its key's handle is good.
  const ciphers = new WeakMap<TokenKey, Cipher>();
  const cipherFor = (session: Session, name: KeyName): Cipher => {
    const key = session.key(name);
    const kept = ciphers.get(key);
    if (kept !== undefined) return kept;
    const cipher = key.kind === "aes" ? aesCipher(session, key, name) : rsaCipher(session, key, name, config);
    ciphers.set(key, cipher);
    return cipher;
  };
  return guardSeal({
    type: "pkcs11",
    wrap(plaintext, call) {
      return connection.use(call?.signal, async (session) => {
        const cipher = cipherFor(session, configured);
        if (config.mechanism !== undefined && config.mechanism !== cipher.mechanism) {
          throw new SealError(
            "SEAL_CONFIG",
            `seal "pkcs11": mechanism is ${config.mechanism}, and the key ${spell(configured)} on ${session.where} is for ` +
              `${cipher.mechanism}: correct the mechanism or leave it out, or name another key`,
          );
        }
        return cipher.wrap(plaintext, call?.aad ?? NO_AAD);
      });
    },
    async unwrap(blob, call) {
      checkMechanism(blob);
      const named = keyOf(blob, config);
      return connection.use(call?.signal, async (session) => {
        return unwrapOrTell(cipherFor(session, named), blob, call?.aad ?? NO_AAD);
      });
    },
    close: () => connection.close(),
  });
}
