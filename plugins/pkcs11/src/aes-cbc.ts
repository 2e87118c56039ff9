// SPDX-License-Identifier: Apache-2.0
/**
 * `CKM_AES_CBC_PAD` with an HMAC, for devices without GCM: encrypt, then MAC over IV and ciphertext. The IV has 16
 * random bytes. Nothing is decrypted before its MAC was found right, so padding tells nobody anything.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { SealError, type SealedBlob } from "@sealwright/seal";
import { HMACS, type HmacName } from "./config.ts";
import type { AesKey, HmacKey } from "./keys.ts";
import type { Session } from "./session.ts";

const IV_BYTES = 16;

/** The two keys of a text in CBC mode. */
export interface CbcKeys {
  readonly aes: AesKey;
  readonly hmac: HmacKey;
}

/** What a text in CBC mode consists of. */
export type CbcText = Required<Pick<SealedBlob, "iv" | "ciphertext" | "hmac">>;

function altered(): SealError {
  const problem = "this does not open: another key belongs to it, or it was altered";
  return new SealError("SEAL_BAD_CIPHERTEXT", `seal "pkcs11": ${problem}`);
}

function macOf(session: Session, keys: CbcKeys, by: HmacName, text: Omit<CbcText, "hmac">, doing: string) {
  const mechanism = { mechanism: HMACS[by] };
  return session.mac(mechanism, keys.hmac.secret, Buffer.concat([text.iv, text.ciphertext]), `${doing}, its HMAC`);
}

/** Encrypts and authenticates on the token. */
export async function encryptCbc(
  session: Session,
  keys: CbcKeys,
  by: HmacName,
  plaintext: Uint8Array,
  doing: string,
): Promise<CbcText> {
  const { ck } = session.library;
  const iv = randomBytes(IV_BYTES);
  const mechanism = { mechanism: ck.CKM_AES_CBC_PAD, parameter: iv };
  const ciphertext = await session.encrypt(mechanism, keys.aes.secret, plaintext, doing);
  return { iv, ciphertext, hmac: new Uint8Array(await macOf(session, keys, by, { iv, ciphertext }, doing)) };
}

/** Checks and decrypts on the token. `SEAL_BAD_CIPHERTEXT` where the MAC is another one. */
export async function decryptCbc(
  session: Session,
  keys: CbcKeys,
  by: HmacName,
  { iv, ciphertext, hmac }: SealedBlob,
  doing: string,
): Promise<Uint8Array> {
  const { ck } = session.library;
  const wellFormed = iv?.length === IV_BYTES && ciphertext.length > 0 && ciphertext.length % IV_BYTES === 0;
  if (!wellFormed || hmac === undefined) throw altered();
  const due = await macOf(session, keys, by, { iv, ciphertext }, doing);
  if (due.length !== hmac.length || !timingSafeEqual(due, hmac)) throw altered();
  return session.decrypt(
    { mechanism: ck.CKM_AES_CBC_PAD, parameter: Buffer.from(iv) },
    keys.aes.secret,
    ciphertext,
    doing,
  );
}
