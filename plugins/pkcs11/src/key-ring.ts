// SPDX-License-Identifier: Apache-2.0
/** From names to ciphers: which key and mechanism a wrap or a blob asks for, found, made if allowed, and kept. */
import { isSealError, type SealEnvironment, SealError, type SealedBlob } from "@sealwright/seal";
import { type Cipher, cbcCipher, ENVELOPE, gcmCipher, rsaCipher } from "./cipher.ts";
import { HMACS, type HmacName, MECHANISMS, type Pkcs11Config } from "./config.ts";
import type { Connection } from "./connection.ts";
import { KeyCache } from "./key-cache.ts";
import { generateKey, newKeyFor } from "./key-generator.ts";
import { formatKeyName, type KeyName, parseKeyName, spell } from "./keys.ts";
import type { Session } from "./session.ts";

const OTHER_MECHANISM = "correct the mechanism or leave it out, or name another key";

function isNamed({ label, id }: KeyName): boolean {
  return label !== undefined || id !== undefined;
}

/** The ciphers of a configuration. Nothing in it outlives the handles that it holds: see {@link KeyRing.forget}. */
export class KeyRing {
  readonly #config: Pkcs11Config;
  readonly #env: SealEnvironment;
  readonly #keys: KeyCache;
  readonly #ciphers = new Map<string, Cipher>();
  readonly #configured: KeyName;
  readonly #configuredHmac: KeyName;

  constructor(config: Pkcs11Config, env: SealEnvironment) {
    this.#config = config;
    this.#env = env;
    this.#keys = new KeyCache(env.log);
    this.#configured = { label: config.key_label, id: config.key_id };
    this.#configuredHmac = { label: config.hmac_key_label, id: config.hmac_key_id };
  }

  /** Finds keys anew from now on: their handles are no longer good. */
  forget(): void {
    this.#keys.forget();
    this.#ciphers.clear();
  }

  configuredKeyIsThere(session: Session): boolean {
    this.forget();
    this.#keys.encryptionKey(session, this.#configured);
    return true;
  }

  /** What wraps: the configured key. Makes it where `generate_key` says so and there is none. */
  toWrap(session: Session, connection: Connection): Cipher {
    const { mechanism } = this.#config;
    const cbc = mechanism === "CKM_AES_CBC_PAD";
    this.#makeIfMissing(connection, this.#configured, () => this.#keys.encryptionKey(session, this.#configured));
    if (cbc) {
      this.#makeIfMissing(connection, this.#configuredHmac, () => this.#keys.hmacKey(session, this.#configuredHmac));
    }
    const cipher = cbc
      ? this.#cbc(session, this.#configured, this.#configuredHmac, this.#config.hmac_mechanism)
      : this.#byKeyType(session, this.#configured, connection);
    if (mechanism === undefined || mechanism === cipher.mechanism) return cipher;
    throw new SealError(
      "SEAL_CONFIG",
      `seal "pkcs11": mechanism is ${mechanism}, and the key ${spell(this.#configured)} on ${session.where} ` +
        `is for ${cipher.mechanism}`,
      { advice: OTHER_MECHANISM },
    );
  }

  /** What unwraps `blob`: the key and mechanism that it names. Vault notes the mechanism, OpenBao leaves it out. */
  toUnwrap(session: Session, connection: Connection, blob: SealedBlob): Cipher {
    const noted = blob.keyInfo?.mechanism ?? 0;
    const name = this.#named(blob.keyInfo?.keyId, this.#config.default_key_label, this.#configured);
    if (noted === MECHANISMS.CKM_AES_CBC_PAD) {
      const { hmacKeyId, hmacMechanism } = blob.keyInfo ?? {};
      const hmacName = this.#named(hmacKeyId, this.#config.default_hmac_key_label, this.#configuredHmac);
      return this.#cbc(session, name, hmacName, hmacOf(hmacMechanism));
    }
    if (![0, ENVELOPE, MECHANISMS.CKM_AES_GCM, MECHANISMS.CKM_RSA_PKCS_OAEP].includes(noted)) {
      throw new SealError(
        "SEAL_CONFIG",
        `seal "pkcs11": this was wrapped by mechanism 0x${noted.toString(16)}, and this version opens only ` +
          `${Object.keys(MECHANISMS).join(", ")}`,
      );
    }
    return this.#byKeyType(session, name, connection);
  }

  /** The name in a blob; where it names none, the default or the configured key. */
  #named(text: string | undefined, fallback: string | undefined, configured: KeyName): KeyName {
    const named = parseKeyName(text ?? "");
    if (isNamed(named)) return named;
    return fallback === undefined ? configured : { label: fallback, id: undefined };
  }

  #byKeyType(session: Session, name: KeyName, connection: Connection): Cipher {
    return this.#kept(formatKeyName(name), () => {
      const key = this.#keys.encryptionKey(session, name);
      if (key.kind === "rsa") return rsaCipher(session, key, name, this.#config);
      return gcmCipher(key, name, connection.vendor);
    });
  }

  #cbc(session: Session, name: KeyName, hmacName: KeyName, by: HmacName): Cipher {
    return this.#kept(`${by} ${JSON.stringify([name, hmacName])}`, () => {
      if (!isNamed(hmacName)) {
        const problem = "this was wrapped by CKM_AES_CBC_PAD and names no HMAC key";
        throw new SealError("SEAL_CONFIG", `seal "pkcs11": ${problem}`, { advice: "set hmac_key_label" });
      }
      const aes = this.#keys.encryptionKey(session, name);
      if (aes.kind === "aes")
        return cbcCipher({ aes, hmac: this.#keys.hmacKey(session, hmacName) }, name, hmacName, by);
      const problem = `mechanism is CKM_AES_CBC_PAD, and the key ${spell(name)} on ${session.where} is for CKM_RSA_PKCS_OAEP`;
      throw new SealError("SEAL_CONFIG", `seal "pkcs11": ${problem}`, { advice: OTHER_MECHANISM });
    });
  }

  #kept(text: string, make: () => Cipher): Cipher {
    const kept = this.#ciphers.get(text) ?? make();
    this.#ciphers.set(text, kept);
    return kept;
  }

  #makeIfMissing(connection: Connection, name: KeyName, find: () => unknown): void {
    try {
      find();
    } catch (error) {
      if (!this.#config.generate_key || !isSealError(error, "SEAL_KEY_MISSING")) throw error;
      const type = name === this.#configuredHmac ? "HMAC" : newKeyFor(this.#config);
      const made = connection.withWriter((writer) => generateKey(writer, name, type));
      this.#env.log("info", `seal "pkcs11": ${made}`);
    }
  }
}

function hmacOf(noted: number | undefined): HmacName {
  const [name] = Object.entries(HMACS).find(([, value]) => value === (noted || HMACS.CKM_SHA256_HMAC)) ?? [];
  if (name !== undefined) return name as HmacName;
  const problem = `this was authenticated by mechanism 0x${noted?.toString(16)}, which is none of ${Object.keys(HMACS).join(", ")}`;
  throw new SealError("SEAL_CONFIG", `seal "pkcs11": ${problem}`);
}
