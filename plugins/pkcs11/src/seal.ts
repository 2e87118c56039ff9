// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, type Seal, SealError, type SealedBlob } from "@sealwright/seal";
import { type Cipher, cipherOf, ENVELOPE } from "./cipher.ts";
import { MECHANISMS, type Pkcs11Config } from "./config.ts";
import { Connection } from "./connection.ts";
import { type KeyName, parseKeyName, spell, type TokenKey } from "./keys.ts";
import type { Library } from "./library.ts";
import type { Session } from "./session.ts";

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
    const cipher = cipherOf(session, key, name, config);
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
            `seal "pkcs11": mechanism is ${config.mechanism}, and the key ${spell(configured)} on ${session.where} ` +
              `is for ${cipher.mechanism}: correct the mechanism or leave it out, or name another key`,
          );
        }
        return cipher.wrap(plaintext, call?.aad ?? NO_AAD);
      });
    },
    async unwrap(blob, call) {
      checkMechanism(blob);
      const named = keyOf(blob, config);
      return connection.use(call?.signal, async (session) => {
        return cipherFor(session, named).unwrap(blob, call?.aad ?? NO_AAD);
      });
    },
    close: () => connection.close(),
  });
}
