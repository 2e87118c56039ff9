// SPDX-License-Identifier: Apache-2.0
export type { KeyCall } from "./data-plane.ts";
export type { Identity, KeyPermission } from "./identities.ts";
export { type KeyVaultServer, startKeyVault } from "./start.ts";
