// SPDX-License-Identifier: Apache-2.0
/** Keys as Key Vault's answers show them: `KeyBundle`, `KeyItem` and `DeletedKeyBundle` of its REST reference. */
import { createPublicKey } from "node:crypto";
import { type DeletedKey, type KeyVersion, RECOVERABLE_DAYS } from "./keys.ts";

/** The identifier of a version of a key in the vault at `base`. */
export function keyId(base: string, { name, version }: Pick<KeyVersion, "name" | "version">): string {
  return `${base}/keys/${name}/${version}`;
}

function attributes({ validity, created, updated }: KeyVersion): object {
  return { ...validity, created, updated, recoveryLevel: "Recoverable+Purgeable", recoverableDays: RECOVERABLE_DAYS };
}

/** A version with its public key. */
export function keyBundle(base: string, key: KeyVersion): object {
  const { kty: _type, ...material } = createPublicKey(key.privateKey).export({ format: "jwk" });
  return {
    key: { kid: keyId(base, key), kty: key.kty, key_ops: key.operations, ...material },
    attributes: attributes(key),
    tags: key.tags,
  };
}

/** A version in a list of versions. */
export function versionItem(base: string, key: KeyVersion): object {
  return { kid: keyId(base, key), attributes: attributes(key), tags: key.tags };
}

/** A key in a list of keys, which names no version. */
export function keyItem(base: string, key: KeyVersion): object {
  return { kid: `${base}/keys/${key.name}`, attributes: attributes(key), tags: key.tags };
}

function deletion(base: string, { name }: KeyVersion, { deletedDate, scheduledPurgeDate }: DeletedKey): object {
  return { recoveryId: `${base}/deletedkeys/${name}`, deletedDate, scheduledPurgeDate };
}

/** A deleted key. */
export function deletedKeyBundle(base: string, deleted: DeletedKey): object {
  const newest = deleted.versions[deleted.versions.length - 1]!;
  return { ...deletion(base, newest, deleted), ...keyBundle(base, newest) };
}

/** A deleted key in a list. */
export function deletedKeyItem(base: string, deleted: DeletedKey): object {
  const newest = deleted.versions[deleted.versions.length - 1]!;
  return { ...deletion(base, newest, deleted), ...keyItem(base, newest) };
}
