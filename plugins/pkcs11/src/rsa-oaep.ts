// SPDX-License-Identifier: Apache-2.0
/** `CKM_RSA_PKCS_OAEP` (RFC 8017, section 7.1) with MGF1 of the same hash and no label. */
import { constants, createPublicKey, type KeyObject, publicEncrypt } from "node:crypto";
import { SealError } from "@sealwright/seal";
import type { Mechanism } from "pkcs11js";
import type { Pkcs11Config } from "./config.ts";
import type { RsaKey } from "./keys.ts";
import type { Library } from "./library.ts";
import type { Session } from "./session.ts";

/** The hash of RSA-OAEP and of its mask, by its name in the configuration. */
export type OaepHash = Pkcs11Config["rsa_oaep_hash"];

const HASH_BYTES: Record<OaepHash, number> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/** `CKZ_DATA_SPECIFIED`, which pkcs11js does not name. */
const LABEL_GIVEN = 1;

function oaep({ ck }: Library, hash: OaepHash): Mechanism {
  const [hashAlg, mgf] = {
    sha1: [ck.CKM_SHA_1, ck.CKG_MGF1_SHA1] as const,
    sha224: [ck.CKM_SHA224, ck.CKG_MGF1_SHA224] as const,
    sha256: [ck.CKM_SHA256, ck.CKG_MGF1_SHA256] as const,
    sha384: [ck.CKM_SHA384, ck.CKG_MGF1_SHA384] as const,
    sha512: [ck.CKM_SHA512, ck.CKG_MGF1_SHA512] as const,
  }[hash];
  const parameter = { type: ck.CK_PARAMS_RSA_OAEP, hashAlg, mgf, source: LABEL_GIVEN };
  return { mechanism: ck.CKM_RSA_PKCS_OAEP, parameter };
}

/** The public half as the token gives it out: from the private key, or from the public one where that lacks it. */
function exportPublicKey(session: Session, key: RsaKey): KeyObject {
  const { ck } = session.library;
  const halves = [key.private, ...(key.public === undefined ? [] : [key.public])];
  for (const half of halves) {
    const n = session.attribute(half, ck.CKA_MODULUS);
    const e = session.attribute(half, ck.CKA_PUBLIC_EXPONENT);
    if (n === undefined || e === undefined || n.length === 0 || e.length === 0) continue;
    const jwk = { kty: "RSA", n: n.toString("base64url"), e: e.toString("base64url") };
    return createPublicKey({ key: jwk, format: "jwk" });
  }
  throw new SealError(
    "SEAL_KEY_MISSING",
    `seal "pkcs11": ${session.where} does not give out the RSA key's modulus and exponent`,
    { advice: "put the public key on the token, with the CKA_ID of the private one" },
  );
}

/** RSA-OAEP under one key of the token with one hash. */
export class RsaOaep {
  readonly #key: RsaKey;
  readonly #hash: OaepHash;
  readonly #publicKey: KeyObject;
  readonly #modulusBytes: number;

  /** Reads the public half in `session`, once. */
  constructor(session: Session, key: RsaKey, hash: OaepHash) {
    this.#key = key;
    this.#hash = hash;
    this.#publicKey = exportPublicKey(session, key);
    this.#modulusBytes = Math.ceil((this.#publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  }

  /** The longest text that fits: the modulus less two hashes and two bytes. Negative where none does. */
  get maxPlaintextBytes(): number {
    return this.#modulusBytes - 2 * HASH_BYTES[this.#hash] - 2;
  }

  /** Encrypts in this process, or on the token with its public key. At most {@link maxPlaintextBytes}. */
  async encrypt(session: Session, plaintext: Uint8Array, by: "software" | "token", doing: string): Promise<Uint8Array> {
    if (plaintext.length > this.maxPlaintextBytes) {
      throw new SealError(
        "SEAL_CONFIG",
        `seal "pkcs11": RSA with ${this.#modulusBytes * 8} bits and ${this.#hash} holds ` +
          `${Math.max(0, this.maxPlaintextBytes)} bytes, too few for ${plaintext.length}`,
        { advice: "use a longer key" },
      );
    }
    if (by === "software") {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return publicEncrypt({ key: this.#publicKey, padding, oaepHash: this.#hash }, plaintext);
    }
    const { public: publicKey } = this.#key;
    if (publicKey === undefined) {
      throw new SealError(
        "SEAL_KEY_MISSING",
        `seal "pkcs11": ${session.where} has no public key that goes with the private one, ` +
          "and disable_software_encryption asks the token to encrypt with it",
      );
    }
    return session.encrypt(oaep(session.library, this.#hash), publicKey, plaintext, doing);
  }

  /** Decrypts on the token. `SEAL_BAD_CIPHERTEXT` for what this key with this hash did not encrypt. */
  async decrypt(session: Session, ciphertext: Uint8Array, doing: string): Promise<Uint8Array> {
    if (ciphertext.length !== this.#modulusBytes) {
      throw new SealError(
        "SEAL_BAD_CIPHERTEXT",
        `seal "pkcs11": this has ${ciphertext.length} bytes, and what the RSA key encrypts has ${this.#modulusBytes}`,
      );
    }
    return session.decrypt(
      oaep(session.library, this.#hash),
      this.#key.private,
      ciphertext,
      `${doing} by OAEP with ${this.#hash}`,
    );
  }
}
