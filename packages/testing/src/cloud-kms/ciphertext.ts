// SPDX-License-Identifier: Apache-2.0
/**
 * What Encrypt answers. Google does not document its form, so this is one of our own choice, and the one that the
 * emulator behind the recorded OpenBao directory used: the length (u16, big-endian) and name of the version that
 * encrypted, then Tink's AES-GCM (`01`, key id (4 bytes), nonce (12), ciphertext, tag (16)). Additional data is the
 * request's.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const TINK = 0x01;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";
const OPTIONS = { authTagLength: TAG_BYTES };

/** The secret part of a version. */
export interface KeyMaterial {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Tink's id of the key, 4 bytes. */
  readonly id: Uint8Array;
}

/** Fresh material. */
export function generateMaterial(): KeyMaterial {
  return { key: randomBytes(32), id: randomBytes(KEY_ID_BYTES) };
}

/** Encrypts under the version called `name`. */
export function seal(name: string, material: KeyMaterial, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, material.key, nonce, OPTIONS).setAAD(aad);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  const label = Buffer.from(name);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(label.length);
  return Buffer.concat([length, label, Buffer.from([TINK]), material.id, nonce, body]);
}

/** A ciphertext in its two parts. */
export interface Parts {
  /** The version that it names. */
  readonly name: string;
  readonly sealed: Buffer;
}

/** Takes a ciphertext apart; undefined where it is none. */
export function split(ciphertext: Uint8Array): Parts | undefined {
  const bytes = Buffer.from(ciphertext);
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  return end > bytes.length ? undefined : { name: bytes.toString("utf8", 2, end), sealed: bytes.subarray(end) };
}

/** Decrypts the second part; undefined where it was altered, or sealed by another key or with other additional data. */
export function unseal(material: KeyMaterial, sealed: Buffer, aad: Uint8Array): Buffer | undefined {
  const prefix = Buffer.concat([Buffer.from([TINK]), material.id]);
  const [nonceAt, bodyAt, tagAt] = [prefix.length, prefix.length + NONCE_BYTES, sealed.length - TAG_BYTES];
  if (tagAt < bodyAt || !sealed.subarray(0, nonceAt).equals(prefix)) return undefined;
  const decipher = createDecipheriv(CIPHER, material.key, sealed.subarray(nonceAt, bodyAt), OPTIONS).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(bodyAt, tagAt)), decipher.final()]);
  } catch {
    return undefined;
  }
}
