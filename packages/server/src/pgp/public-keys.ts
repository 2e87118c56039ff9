// SPDX-License-Identifier: Apache-2.0
/** PGP public keys as clients send them, checked before anything depends on them. */
import type { PublicKey } from "openpgp";

/** A key that something can be encrypted to. */
export interface Recipient {
  /** The primary key's fingerprint in lower-case hex. */
  readonly fingerprint: string;
  readonly key: PublicKey;
}

/** A key that will not do. `index` counts from 0; `why` continues a sentence that begins with the key's number. */
export class PgpKeyError extends Error {
  override readonly name = "PgpKeyError";
  readonly index: number;
  readonly why: string;
  constructor(index: number, why: string, options?: { cause?: unknown }) {
    super(`PGP key ${index + 1} ${why}`, options);
    this.index = index;
    this.why = why;
  }
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const ARMOR = "-----BEGIN PGP";

/** The library is large, and most servers never need it. */
function library() {
  return import("openpgp");
}

async function parse(text: string, index: number): Promise<PublicKey> {
  const packed = text.replace(/\s+/g, "");
  if (!BASE64.test(packed)) {
    throw new PgpKeyError(index, "is not base64: give a public key, binary or armored, in base64");
  }
  const bytes = Buffer.from(packed, "base64");
  const armored = bytes.toString("latin1").trimStart();
  const { readKey } = await library();
  try {
    const key = armored.startsWith(ARMOR)
      ? await readKey({ armoredKey: armored })
      : await readKey({ binaryKey: bytes });
    if (!key.isPrivate()) return key;
  } catch (cause) {
    throw new PgpKeyError(index, "is not a PGP public key", { cause });
  }
  throw new PgpKeyError(index, "is a private key: give the public one, and keep this one to yourself");
}

async function check(key: PublicKey, index: number): Promise<void> {
  if (await key.isRevoked()) throw new PgpKeyError(index, "has been revoked");
  const expires = await key.getExpirationTime();
  if (expires instanceof Date && expires.getTime() <= Date.now()) {
    throw new PgpKeyError(index, `expired on ${expires.toISOString().slice(0, 10)}`);
  }
  try {
    await key.getEncryptionKey();
  } catch (cause) {
    throw new PgpKeyError(index, "has no valid subkey that can encrypt", { cause });
  }
}

/**
 * The keys in `texts`: base64 of a binary or of an armored public key. Throws `PgpKeyError`, naming the first that is
 * unreadable, private, revoked, expired, unable to encrypt or given before.
 */
export async function readPublicKeys(texts: readonly string[]): Promise<Recipient[]> {
  const recipients: Recipient[] = [];
  for (const [index, text] of texts.entries()) {
    const key = await parse(text, index);
    await check(key, index);
    const fingerprint = key.getFingerprint();
    const earlier = recipients.findIndex((each) => each.fingerprint === fingerprint);
    if (earlier >= 0) throw new PgpKeyError(index, `is the same as PGP key ${earlier + 1}: each holder has one`);
    recipients.push({ fingerprint, key });
  }
  return recipients;
}

/** `text` as a binary PGP message that only `recipient` reads. */
export async function encryptTo(recipient: Recipient, text: string): Promise<Buffer> {
  const { createMessage, encrypt } = await library();
  const message = await createMessage({ binary: Buffer.from(text, "utf8") });
  return Buffer.from(await encrypt({ message, encryptionKeys: recipient.key, format: "binary" }));
}
