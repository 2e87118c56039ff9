// SPDX-License-Identifier: Apache-2.0
/** The keys of a vault: their versions, attributes and life, from creation to purge. */
import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes, type webcrypto } from "node:crypto";
import { promisify } from "node:util";
import { badParameter, deletedButRecoverable, deletedKeyNotFound, keyNotFound } from "./service-error.ts";

const generate = promisify(generateKeyPair);

/** What a key may be used for, in the words of `key_ops`. */
export const KEY_OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"] as const;

const RSA_BITS = [2048, 3072, 4096];
const CURVES = ["P-256", "P-384", "P-521"];

/** When a key may be used, in seconds since 1970. */
export interface Validity {
  readonly enabled: boolean;
  /** Not before. */
  readonly nbf?: number | undefined;
  /** Not from then on. */
  readonly exp?: number | undefined;
}

/** What a client says of a key that it makes. */
export interface KeyParameters {
  readonly kty: string;
  readonly key_size?: number | undefined;
  readonly crv?: string | undefined;
}

/** What a client says of a key beside its material. */
export interface KeyProperties {
  readonly key_ops?: readonly string[] | undefined;
  readonly attributes?: Partial<Validity> | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** One version of a key. */
export interface KeyVersion {
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly version: string;
  /** `RSA`, `RSA-HSM`, `EC` or `EC-HSM`. */
  readonly kty: string;
  readonly privateKey: KeyObject;
  operations: readonly string[];
  validity: Validity;
  tags: Readonly<Record<string, string>>;
  readonly created: number;
  updated: number;
}

/** A key that was deleted and can still be recovered; times in seconds since 1970. */
export interface DeletedKey {
  readonly versions: readonly KeyVersion[];
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

/** How long a deleted key can be recovered. */
export const RECOVERABLE_DAYS = 90;

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

async function material({ kty, key_size: bits = 2048, crv = "P-256" }: KeyParameters): Promise<KeyObject> {
  if (/^RSA(-HSM)?$/.test(kty)) {
    if (!RSA_BITS.includes(bits)) throw badParameter(`Key size is not supported: ${bits}`);
    return (await generate("rsa", { modulusLength: bits })).privateKey;
  }
  if (/^EC(-HSM)?$/.test(kty)) {
    if (!CURVES.includes(crv)) throw badParameter(`Curve is not supported: ${crv}`);
    return (await generate("ec", { namedCurve: crv })).privateKey;
  }
  throw badParameter(`Key type is not supported: ${kty}`);
}

function operationsFor(kty: string): readonly string[] {
  return kty.startsWith("RSA") ? KEY_OPERATIONS : ["sign", "verify"];
}

function newest(versions: readonly KeyVersion[]): KeyVersion {
  return versions[versions.length - 1]!;
}

/** The keys of one vault. */
export class KeyStore {
  readonly #keys = new Map<string, KeyVersion[]>();
  readonly #deleted = new Map<string, DeletedKey>();

  /** A new version, which makes the key where there is none. */
  async create(name: string, parameters: KeyParameters, properties: KeyProperties = {}): Promise<KeyVersion> {
    this.#checkFree(name);
    const privateKey = await material(parameters);
    return this.#add(name, { kty: parameters.kty, privateKey }, properties);
  }

  /** A new version of given material. `version` is for tests that need to know it. */
  import(name: string, jwk: webcrypto.JsonWebKey, properties: KeyProperties = {}, version?: string): KeyVersion {
    this.#checkFree(name);
    try {
      const kty = String(jwk.kty);
      const privateKey = createPrivateKey({ key: { ...jwk, kty: kty.replace("-HSM", "") }, format: "jwk" });
      return this.#add(name, { kty, privateKey }, properties, version);
    } catch {
      throw badParameter("The key is no private JSON web key of a type that can be imported");
    }
  }

  /** A new version like the newest one. */
  async rotate(name: string): Promise<KeyVersion> {
    const { kty, privateKey, operations, tags } = this.get(name);
    const { modulusLength, namedCurve } = privateKey.asymmetricKeyDetails ?? {};
    const curve = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" }[namedCurve ?? ""];
    const parameters = { kty, key_size: modulusLength, crv: curve };
    return this.create(name, parameters, { key_ops: operations, tags });
  }

  /** A version, the newest unless one is named. */
  get(name: string, version = ""): KeyVersion {
    const versions = this.versions(name);
    const found = version === "" ? newest(versions) : versions.find((each) => each.version === version);
    if (found === undefined) throw keyNotFound(name, version);
    return found;
  }

  /** All versions of a key, in the order in which they were made. */
  versions(name: string): readonly KeyVersion[] {
    const versions = this.#keys.get(name);
    if (versions === undefined) throw keyNotFound(name);
    return versions;
  }

  /** The newest version of each key. */
  list(): readonly KeyVersion[] {
    return [...this.#keys.values()].map(newest);
  }

  /** Changes what is given and leaves the rest. */
  update(name: string, version: string, { key_ops, attributes, tags }: KeyProperties): KeyVersion {
    const key = this.get(name, version);
    key.operations = key_ops ?? key.operations;
    key.validity = { ...key.validity, ...attributes };
    key.tags = tags ?? key.tags;
    key.updated = nowSeconds();
    return key;
  }

  delete(name: string): DeletedKey {
    const deletedDate = nowSeconds();
    const scheduledPurgeDate = deletedDate + RECOVERABLE_DAYS * 24 * 60 * 60;
    const deleted = { versions: this.versions(name), deletedDate, scheduledPurgeDate };
    this.#keys.delete(name);
    this.#deleted.set(name, deleted);
    return deleted;
  }

  deleted(name: string): DeletedKey {
    const deleted = this.#deleted.get(name);
    if (deleted === undefined) throw deletedKeyNotFound(name);
    return deleted;
  }

  listDeleted(): readonly DeletedKey[] {
    return [...this.#deleted.values()];
  }

  recover(name: string): KeyVersion {
    const { versions } = this.deleted(name);
    this.#keys.set(name, [...versions]);
    this.#deleted.delete(name);
    return newest(versions);
  }

  purge(name: string): void {
    this.deleted(name);
    this.#deleted.delete(name);
  }

  #checkFree(name: string): void {
    if (this.#deleted.has(name)) throw deletedButRecoverable(name);
  }

  #add(
    name: string,
    { kty, privateKey }: Pick<KeyVersion, "kty" | "privateKey">,
    { key_ops, attributes, tags }: KeyProperties,
    version = randomBytes(16).toString("hex"),
  ): KeyVersion {
    const created = nowSeconds();
    const added: KeyVersion = {
      name,
      version,
      kty,
      privateKey,
      operations: key_ops ?? operationsFor(kty),
      validity: { enabled: true, ...attributes },
      tags: tags ?? {},
      created,
      updated: created,
    };
    this.#keys.set(name, [...(this.#keys.get(name) ?? []), added]);
    return added;
  }
}
