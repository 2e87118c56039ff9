// SPDX-License-Identifier: Apache-2.0
/** Who may ask the vault for what, and how they prove who they are. */
import { randomBytes, randomUUID } from "node:crypto";
import { forbidden } from "./service-error.ts";

/** The permissions on keys of Key Vault's access policies. */
export const KEY_PERMISSIONS = [
  "get",
  "list",
  "create",
  "import",
  "update",
  "delete",
  "recover",
  "purge",
  "rotate",
  "encrypt",
  "decrypt",
  "wrapKey",
  "unwrapKey",
] as const;

/** One of {@link KEY_PERMISSIONS}. */
export type KeyPermission = (typeof KEY_PERMISSIONS)[number];

/** An application or a managed identity, known to the tenant. */
export interface Identity {
  readonly clientId: string;
  readonly objectId: string;
  readonly clientSecret: string;
  /** The certificate that it signs assertions with, as PEM. */
  readonly certificate: string | undefined;
  /** A token of another issuer that the tenant trusts, as a Kubernetes service account has one. */
  readonly federatedToken: string;
  /** Whether its secret has passed its last day. */
  secretExpired: boolean;
  readonly permissions: Set<KeyPermission>;
}

/** Makes an identity with `permissions`. */
export function makeIdentity(permissions: readonly KeyPermission[], certificate?: string): Identity {
  return {
    clientId: randomUUID(),
    objectId: randomUUID(),
    clientSecret: randomBytes(24).toString("base64url"),
    certificate,
    federatedToken: randomBytes(48).toString("base64url"),
    secretExpired: false,
    permissions: new Set(permissions),
  };
}

/** Throws 403 where `identity` lacks `permission`. */
export function checkPermission(identity: Identity, permission: KeyPermission, vault: string): void {
  if (identity.permissions.has(permission)) return;
  const caller = `appid=${identity.clientId};oid=${identity.objectId}`;
  throw forbidden(
    "AccessDenied",
    `The user, group or application '${caller}' does not have keys ${permission} permission on key vault '${vault}'.`,
  );
}
