// SPDX-License-Identifier: Apache-2.0
/** Key rings and keys. */
import type { Algorithm, KeyTemplate, ProtectionLevel, Purpose, RotationSchedule } from "./key-store.ts";
import { type CryptoKeyMessage, cryptoKeyMessage, type KeyRingMessage, keyRingMessage } from "./messages.ts";
import type { Method } from "./method.ts";
import { checkId, checkName } from "./names.ts";
import { type Page, type PageRequest, page } from "./page.ts";
import { failedPrecondition, invalidArgument } from "./status.ts";

const DAY_SECONDS = 24 * 60 * 60;
const DESTROY_SCHEDULED_SECONDS = { least: DAY_SECONDS, most: 120 * DAY_SECONDS, otherwise: 30 * DAY_SECONDS };

interface Named {
  readonly name: string;
}

interface Child {
  readonly parent: string;
}

interface CryptoKeyFields {
  readonly name: string;
  readonly purpose: Purpose;
  readonly labels: Readonly<Record<string, string>>;
  readonly versionTemplate: { readonly algorithm: Algorithm; readonly protectionLevel: ProtectionLevel } | null;
  readonly destroyScheduledDuration: { readonly seconds: string } | null;
  readonly nextRotationTime: { readonly seconds: string } | null;
  readonly rotationPeriod?: { readonly seconds: string } | null;
}

interface CreateCryptoKeyRequest extends Child {
  readonly cryptoKeyId: string;
  readonly cryptoKey: CryptoKeyFields | null;
  readonly skipInitialVersionCreation: boolean;
}

interface UpdateCryptoKeyRequest {
  readonly cryptoKey: CryptoKeyFields | null;
  readonly updateMask: { readonly paths: readonly string[] } | null;
}

const byName = ({ name }: Named): string => name;
const byParent = ({ parent }: Child): string => parent;

function destroyScheduledSeconds(duration: CryptoKeyFields["destroyScheduledDuration"]): number {
  const { least, most, otherwise } = DESTROY_SCHEDULED_SECONDS;
  const seconds = duration === null ? otherwise : Number(duration.seconds);
  if (seconds >= least && seconds <= most) return seconds;
  throw invalidArgument(`destroy_scheduled_duration is ${seconds} s, and must be from ${least} s to ${most} s.`);
}

function algorithmFor(purpose: Purpose, given: Algorithm | undefined): Algorithm {
  const named = given === undefined || given === "CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED" ? undefined : given;
  if (purpose === "ENCRYPT_DECRYPT") {
    if (named === undefined || named === "GOOGLE_SYMMETRIC_ENCRYPTION") return "GOOGLE_SYMMETRIC_ENCRYPTION";
    throw invalidArgument(`${named} is no algorithm of the purpose ${purpose}.`);
  }
  if (named === undefined) throw invalidArgument(`The purpose ${purpose} requires version_template.algorithm.`);
  return named;
}

function rotationOf({ purpose, rotationPeriod, nextRotationTime }: CryptoKeyFields): RotationSchedule | undefined {
  if (!rotationPeriod && nextRotationTime === null) return undefined;
  if (purpose !== "ENCRYPT_DECRYPT") throw invalidArgument(`A key of the purpose ${purpose} has no rotation schedule.`);
  if (nextRotationTime === null) throw invalidArgument("rotation_period requires next_rotation_time.");
  const next = new Date(Number(nextRotationTime.seconds) * 1_000);
  if (next.getTime() < Date.now()) throw invalidArgument("next_rotation_time is not in the future.");
  if (!rotationPeriod) return { next };
  const periodSeconds = Number(rotationPeriod.seconds);
  if (periodSeconds >= DAY_SECONDS) return { next, periodSeconds };
  throw invalidArgument(`rotation_period is ${periodSeconds} s, and must be at least ${DAY_SECONDS} s.`);
}

function templateOf(fields: CryptoKeyFields | null): KeyTemplate {
  if (fields === null || fields.purpose === "CRYPTO_KEY_PURPOSE_UNSPECIFIED") {
    throw invalidArgument("crypto_key.purpose is required.");
  }
  const { purpose, labels, versionTemplate } = fields;
  const level = versionTemplate?.protectionLevel;
  return {
    purpose,
    labels,
    algorithm: algorithmFor(purpose, versionTemplate?.algorithm),
    protectionLevel: level === undefined || level === "PROTECTION_LEVEL_UNSPECIFIED" ? "SOFTWARE" : level,
    destroyScheduledSeconds: destroyScheduledSeconds(fields.destroyScheduledDuration),
    rotation: rotationOf(fields),
  };
}

/** `CreateKeyRing`. */
export const createKeyRing: Method<Child & { readonly keyRingId: string }, KeyRingMessage> = {
  permission: "cloudkms.keyRings.create",
  resource: byParent,
  run(store, { parent, keyRingId }) {
    const location = checkName("Location", parent);
    return keyRingMessage(store.createKeyRing(`${location}/keyRings/${checkId("key_ring_id", keyRingId)}`));
  },
};

/** `GetKeyRing`. */
export const getKeyRing: Method<Named, KeyRingMessage> = {
  permission: "cloudkms.keyRings.get",
  resource: byName,
  run: (store, { name }) => keyRingMessage(store.keyRing(name)),
};

/** `ListKeyRings`, without filters. */
export const listKeyRings: Method<Child & PageRequest, Page & { keyRings: KeyRingMessage[] }> = {
  permission: "cloudkms.keyRings.list",
  resource: byParent,
  run(store, request) {
    const { items, ...rest } = page(store.keyRings(request.parent), request);
    return { ...rest, keyRings: items.map(keyRingMessage) };
  },
};

/** `CreateCryptoKey`: with a first version, which is primary where the purpose has one, unless that is skipped. */
export const createCryptoKey: Method<CreateCryptoKeyRequest, CryptoKeyMessage> = {
  permission: "cloudkms.cryptoKeys.create",
  resource: byParent,
  run(store, { parent, cryptoKeyId, cryptoKey, skipInitialVersionCreation }) {
    const name = `${checkName("KeyRing", parent)}/cryptoKeys/${checkId("crypto_key_id", cryptoKeyId)}`;
    const key = store.createCryptoKey(name, templateOf(cryptoKey));
    if (!skipInitialVersionCreation) {
      const first = store.addVersion(key);
      if (key.purpose === "ENCRYPT_DECRYPT") key.primary = first;
    }
    return cryptoKeyMessage(key);
  },
};

/** `GetCryptoKey`. */
export const getCryptoKey: Method<Named, CryptoKeyMessage> = {
  permission: "cloudkms.cryptoKeys.get",
  resource: byName,
  run: (store, { name }) => cryptoKeyMessage(store.cryptoKey(name)),
};

/** `ListCryptoKeys`, without filters. */
export const listCryptoKeys: Method<Child & PageRequest, Page & { cryptoKeys: CryptoKeyMessage[] }> = {
  permission: "cloudkms.cryptoKeys.list",
  resource: byParent,
  run(store, request) {
    const { items, ...rest } = page(store.cryptoKeys(request.parent), request);
    return { ...rest, cryptoKeys: items.map(cryptoKeyMessage) };
  },
};

const UPDATABLE = ["labels", "rotation_period", "next_rotation_time"];

/** `UpdateCryptoKey`: takes new labels and a new rotation schedule. */
export const updateCryptoKey: Method<UpdateCryptoKeyRequest, CryptoKeyMessage> = {
  permission: "cloudkms.cryptoKeys.update",
  resource: ({ cryptoKey }) => cryptoKey?.name ?? "",
  run(store, { cryptoKey: fields, updateMask }) {
    const key = store.cryptoKey(fields?.name ?? "");
    const paths = updateMask?.paths ?? [];
    if (fields === null || paths.length === 0 || !paths.every((path) => UPDATABLE.includes(path))) {
      throw invalidArgument(`update_mask is [${paths.join(", ")}], and of [${UPDATABLE.join(", ")}] some are updated.`);
    }
    if (paths.some((path) => path !== "labels")) key.rotation = rotationOf({ ...fields, purpose: key.purpose });
    if (paths.includes("labels")) key.labels = fields.labels;
    return cryptoKeyMessage(key);
  },
};

/** `UpdateCryptoKeyPrimaryVersion`. A version that is not enabled can be made primary too (cloud.google.com/kms/docs/key-states). */
export const updateCryptoKeyPrimaryVersion: Method<Named & { readonly cryptoKeyVersionId: string }, CryptoKeyMessage> =
  {
    permission: "cloudkms.cryptoKeys.update",
    resource: byName,
    run(store, { name, cryptoKeyVersionId }) {
      const key = store.cryptoKey(name);
      if (key.purpose !== "ENCRYPT_DECRYPT") {
        throw failedPrecondition(`CryptoKey ${name} has the purpose ${key.purpose}, and no primary version.`);
      }
      key.primary = store.version(`${name}/cryptoKeyVersions/${cryptoKeyVersionId}`);
      return cryptoKeyMessage(key);
    },
  };
