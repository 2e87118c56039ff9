// SPDX-License-Identifier: Apache-2.0
/** A server that Azure Key Vault unseals, with the example configuration. */
import { readFileSync } from "node:fs";
import { startKeyVault } from "@sealwright/testing/key-vault";
import { type Cloud, configFrom, describeCloud, withSeal } from "./cloud-suite.ts";

const FIXTURE = "azurekeyvault-lowkey";

const trials = { atInit: ["denied for unwrapping"], atUnseal: ["disabled", "deleted", "denied", "throttled"] };

describeCloud("a server that Key Vault unseals", trials, async (): Promise<Cloud> => {
  const vault = await startKeyVault();
  await vault.offline();
  const example = await configFrom("examples/config/azurekeyvault.hcl");
  const { client_secret: secret, ...settings } = vault.config;
  const env = { AZURE_CLIENT_SECRET: vault.identity.clientSecret };
  return {
    type: "azurekeyvault",
    config: withSeal(example, settings),
    misspelt: { setting: "key_nam", meant: "key_name" },
    env,
    named: `${vault.url}, which has the key autounseal`,
    secrets: [vault.identity.clientSecret],
    unwraps: () => vault.calls.filter(({ operation }) => operation === "unwrapKey").length,
    rotateKey: () => vault.rotateKey(),
    troubles: {
      disabled: {
        begin: () => vault.disableKey(),
        end: () => vault.enableKey(),
        says: /is disabled/,
      },
      deleted: {
        begin: () => vault.deleteKey(),
        end: () => vault.recoverKey(),
        says: /it was deleted/,
      },
      denied: {
        begin: () => vault.deny(),
        end: () => vault.allow(),
        says: /denies unwrapKey with the key/,
      },
      "denied for unwrapping": {
        begin: () => vault.deny("unwrapKey"),
        end: () => vault.allow(),
        says: /denies unwrapKey with the key/,
      },
      throttled: {
        begin: () => vault.throttle(60),
        end: () => vault.throttle(undefined),
        says: /takes no more requests/,
      },
    },
    recorded: FIXTURE,
    online: () => vault.online(),
    offline: () => vault.offline(),
    async takeRecordedKey() {
      const path = new URL(`../fixtures/${FIXTURE}/key.json`, import.meta.url);
      const { kid_version, jwk } = JSON.parse(readFileSync(path, "utf8"));
      vault.importKey("bao-seal", jwk, kid_version);
      return { config: withSeal(example, { ...settings, key_name: "bao-seal" }), env };
    },
    stop: () => vault.stop(),
  };
});
