// SPDX-License-Identifier: Apache-2.0
/** The Azure Key Vault seal: an RSA key in a vault or a managed HSM wraps a data key for each blob. */
import { type AutoSealPlugin, loadSdk } from "@sealwright/seal";
import { fields } from "./config.ts";
import { openAzureKeyVaultSeal } from "./seal.ts";
import { settingsOf } from "./settings.ts";
import { VaultKey } from "./vault-key.ts";

const PACKAGES = ["@azure/identity", "@azure/core-rest-pipeline"];

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "azurekeyvault",
  config: fields,
  // The first is a setting's too: with `auth_method = "environment"` it is the SDK that reads it.
  sdkSecrets: [
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "IDENTITY_HEADER",
    "MSI_SECRET",
  ],
  async open(config) {
    const settings = settingsOf(config);
    const { openVault } = await loadSdk("azurekeyvault", PACKAGES, () => import("./vault.ts"));
    return openAzureKeyVaultSeal(settings, new VaultKey(openVault(settings)));
  },
};
