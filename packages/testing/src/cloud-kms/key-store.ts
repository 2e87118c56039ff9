// SPDX-License-Identifier: Apache-2.0
/** Key rings, keys and versions in memory, and the states that a version goes through (cloud.google.com/kms/docs/key-states). */
import type { protos } from "@google-cloud/kms";
import { generateMaterial, type KeyMaterial } from "./ciphertext.ts";
import { checkName, cryptoKeyOf, parentOf } from "./names.ts";
import { alreadyExists, failedPrecondition, notFound } from "./status.ts";

/** What a key is for, such as `ENCRYPT_DECRYPT`. */
export type Purpose = keyof typeof protos.google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose;
/** Such as `GOOGLE_SYMMETRIC_ENCRYPTION`. */
export type Algorithm = keyof typeof protos.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm;
/** `SOFTWARE` or `HSM`. */
export type ProtectionLevel = keyof typeof protos.google.cloud.kms.v1.ProtectionLevel;
/** Of a version. */
export type VersionState = "ENABLED" | "DISABLED" | "DESTROY_SCHEDULED" | "DESTROYED";

/** A key ring. */
export interface KeyRing {
  readonly name: string;
  readonly createTime: Date;
}

/** One version of a key. */
export interface KeyVersion {
  readonly name: string;
  readonly createTime: Date;
  readonly algorithm: Algorithm;
  readonly protectionLevel: ProtectionLevel;
  state: VersionState;
  /** When a scheduled destruction is due, or when the key material was destroyed. */
  destroyTime?: Date;
  /** Absent once destroyed. */
  material?: KeyMaterial;
}

/** When a key gets a new primary version by itself. */
export interface RotationSchedule {
  readonly next: Date;
  /** Once only where left out. */
  readonly periodSeconds?: number;
}

/** How a key is made. */
export interface KeyTemplate {
  readonly purpose: Purpose;
  readonly algorithm: Algorithm;
  readonly protectionLevel: ProtectionLevel;
  /** How long a version stays scheduled before it is destroyed, in seconds. */
  readonly destroyScheduledSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly rotation: RotationSchedule | undefined;
}

/** A key with its versions, oldest first. */
export interface CryptoKey extends KeyTemplate {
  readonly name: string;
  readonly createTime: Date;
  readonly versions: KeyVersion[];
  labels: Readonly<Record<string, string>>;
  rotation: RotationSchedule | undefined;
  /** The version that Encrypt uses. Only keys with the purpose `ENCRYPT_DECRYPT` have one. */
  primary?: KeyVersion;
}

/** All resources. Every method throws the status that the service answers. */
export class KeyStore {
  readonly #rings = new Map<string, KeyRing>();
  readonly #keys = new Map<string, CryptoKey>();

  /** `ALREADY_EXISTS` where there is one of that name. */
  createKeyRing(name: string): KeyRing {
    checkName("KeyRing", name);
    if (this.#rings.has(name)) throw alreadyExists("KeyRing", name);
    const ring = { name, createTime: new Date() };
    this.#rings.set(name, ring);
    return ring;
  }

  /** `NOT_FOUND` where there is none. */
  keyRing(name: string): KeyRing {
    const ring = this.#rings.get(checkName("KeyRing", name));
    if (ring === undefined) throw notFound("KeyRing", name);
    return ring;
  }

  /** Those in a location, oldest first. */
  keyRings(location: string): KeyRing[] {
    checkName("Location", location);
    return [...this.#rings.values()].filter(({ name }) => parentOf(name) === location);
  }

  /** A key without versions. */
  createCryptoKey(name: string, template: KeyTemplate): CryptoKey {
    this.keyRing(parentOf(checkName("CryptoKey", name)));
    if (this.#keys.has(name)) throw alreadyExists("CryptoKey", name);
    const key: CryptoKey = { ...template, name, createTime: new Date(), versions: [] };
    this.#keys.set(name, key);
    return key;
  }

  /** `NOT_FOUND` where there is none. Rotates it first where that is due. */
  cryptoKey(name: string): CryptoKey {
    const key = this.#keys.get(checkName("CryptoKey", name));
    if (key === undefined) throw notFound("CryptoKey", name);
    this.#rotateWhenDue(key, new Date());
    return key;
  }

  /** Those in a key ring, oldest first. */
  cryptoKeys(keyRing: string): CryptoKey[] {
    this.keyRing(keyRing);
    return [...this.#keys.values()].filter(({ name }) => parentOf(name) === keyRing);
  }

  /** Whether there is a key ring or a key called `name`. */
  has(name: string): boolean {
    return this.#rings.has(name) || this.#keys.has(name);
  }

  /** Adds a version to `key`, fresh unless its material is given. The first one does not become primary by itself. */
  addVersion(key: CryptoKey, material: KeyMaterial = generateMaterial()): KeyVersion {
    const version: KeyVersion = {
      name: `${key.name}/cryptoKeyVersions/${key.versions.length + 1}`,
      createTime: new Date(),
      algorithm: key.algorithm,
      protectionLevel: key.protectionLevel,
      state: "ENABLED",
      material,
    };
    key.versions.push(version);
    return version;
  }

  #rotateWhenDue(key: CryptoKey, now: Date): void {
    while (key.rotation !== undefined && key.rotation.next <= now) {
      const { next, periodSeconds } = key.rotation;
      key.primary = this.addVersion(key);
      const later = (seconds: number) => new Date(next.getTime() + seconds * 1_000);
      key.rotation = periodSeconds === undefined ? undefined : { periodSeconds, next: later(periodSeconds) };
    }
  }

  /** `NOT_FOUND` where there is none. Destroys it first where that is due. */
  version(name: string): KeyVersion {
    const key = this.cryptoKey(cryptoKeyOf(checkName("CryptoKeyVersion", name)));
    const version = key.versions.find((each) => each.name === name);
    if (version === undefined) throw notFound("CryptoKeyVersion", name);
    destroyWhenDue(version);
    return version;
  }
}

/** Has `version` no longer the state that a clock ended. */
export function destroyWhenDue(version: KeyVersion, now = new Date()): void {
  if (version.state !== "DESTROY_SCHEDULED" || version.destroyTime === undefined || version.destroyTime > now) return;
  version.state = "DESTROYED";
  delete version.material;
}

/** Refuses, with `FAILED_PRECONDITION`, unless `version` is in one of `states`. */
function requireState(version: KeyVersion, states: readonly VersionState[]): void {
  if (states.includes(version.state)) return;
  const due = states.length === 1 && states[0] === "ENABLED" ? "not enabled" : `not ${states.join(" or ")}`;
  throw failedPrecondition(`${version.name} is ${due}, current state is: ${version.state}.`);
}

/** The material of a version that must be enabled. */
export function materialOf(version: KeyVersion): KeyMaterial {
  requireState(version, ["ENABLED"]);
  if (version.material === undefined) throw new Error(`${version.name} is enabled and has no material`);
  return version.material;
}

/** Enables or disables a version that is the one or the other. */
export function setState(version: KeyVersion, state: "ENABLED" | "DISABLED"): void {
  requireState(version, ["ENABLED", "DISABLED"]);
  version.state = state;
}

/** Schedules an enabled or disabled version for destruction. */
export function scheduleDestruction(key: CryptoKey, version: KeyVersion): void {
  requireState(version, ["ENABLED", "DISABLED"]);
  version.state = "DESTROY_SCHEDULED";
  version.destroyTime = new Date(Date.now() + key.destroyScheduledSeconds * 1_000);
}

/** Takes back a scheduled destruction: the version is disabled then. */
export function restore(version: KeyVersion): void {
  requireState(version, ["DESTROY_SCHEDULED"]);
  version.state = "DISABLED";
  delete version.destroyTime;
}
