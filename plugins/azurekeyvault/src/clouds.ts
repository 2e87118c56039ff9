// SPDX-License-Identifier: Apache-2.0
/** Azure's clouds: where Key Vault answers in each, and where tokens come from. Names as Vault and OpenBao know them. */

/** Where one cloud has its services. */
export interface Cloud {
  /** What the host names of its vaults end with. */
  readonly vaultSuffix: string;
  /** Where its directory answers. */
  readonly authorityHost: string;
}

const PUBLIC: Cloud = { vaultSuffix: "vault.azure.net", authorityHost: "https://login.microsoftonline.com" };
const GOVERNMENT: Cloud = {
  vaultSuffix: "vault.usgovcloudapi.net",
  authorityHost: "https://login.microsoftonline.us",
};

/** By the values of `environment`, in upper case. */
export const CLOUDS: Readonly<Record<string, Cloud>> = {
  AZUREPUBLICCLOUD: PUBLIC,
  AZURECLOUD: PUBLIC,
  AZUREUSGOVERNMENTCLOUD: GOVERNMENT,
  AZUREUSGOVERNMENT: GOVERNMENT,
  AZURECHINACLOUD: { vaultSuffix: "vault.azure.cn", authorityHost: "https://login.chinacloudapi.cn" },
};
