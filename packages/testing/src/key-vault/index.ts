// SPDX-License-Identifier: Apache-2.0
export { type Certificate, makeTestAuthority, type TestAuthority } from "../certificates.ts";
export type { KeyCall } from "./data-plane.ts";
export { type Identity, KEY_PERMISSIONS, type KeyPermission } from "./identities.ts";
export { KEY_VAULT_RESOURCE, type KeyVaultServer, startKeyVault } from "./start.ts";
