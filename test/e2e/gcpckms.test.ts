// SPDX-License-Identifier: Apache-2.0
/** A server that Cloud KMS unseals, with the example configuration, TLS and a service account with the smallest role. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { makeTestAuthority } from "@sealwright/testing/certificates";
import { startCloudKms } from "@sealwright/testing/cloud-kms";
import { type Cloud, configFrom, describeCloud, withSeal } from "./cloud-suite.ts";

const ACCOUNT = "server@test-project.iam.gserviceaccount.com";
const FIXTURE = "gcpckms-fakecloudkms";
const FIXTURE_KEY = "projects/p/locations/global/keyRings/bao/cryptoKeys/bao-seal";

const trials = {
  atInit: ["denied for decrypting"],
  atUnseal: ["disabled", "denied", "throttled", "refused by the clock"],
};

describeCloud("a server that Cloud KMS unseals", trials, async (place): Promise<Cloud> => {
  const authority = makeTestAuthority("Cloud KMS");
  const kms = await startCloudKms({ tls: authority.issue(["localhost"]) });
  const account = kms.addServiceAccount(ACCOUNT);
  await writeFile(place.path("ca.pem"), authority.ca);
  await kms.offline();
  const example = await configFrom("examples/config/gcpckms.hcl");
  const [, insideTheKey = ""] = account.private_key.split("\n");
  const heal = () => kms.heal();
  const decrypt = "cloudkms.cryptoKeyVersions.useToDecrypt";
  return {
    type: "gcpckms",
    config: withSeal(example, { ...kms.config, tls_ca_cert: "ca.pem" }),
    misspelt: { setting: "crypto_keys", meant: "crypto_key" },
    env: { GOOGLE_CREDENTIALS: JSON.stringify(account) },
    named: `localhost:${kms.port}, which has the key ${kms.key}`,
    secrets: [insideTheKey, JSON.stringify(account.private_key)],
    unwraps: () => kms.calls.filter((call) => call === "Decrypt").length,
    rotateKey: () => kms.rotateKey(),
    troubles: {
      disabled: {
        begin: () => kms.disableKey(),
        end: () => kms.enableKey(),
        says: /that is needed is disabled/,
      },
      denied: { begin: () => kms.deny(), end: heal, says: /useToDecrypt on .* is denied/ },
      "denied for decrypting": {
        begin: () => kms.deny(decrypt),
        end: heal,
        says: /useToDecrypt on projects\//,
      },
      throttled: { begin: () => kms.throttle(), end: heal, says: /takes no more requests/ },
      "refused by the clock": {
        begin: () => kms.skewClock(7_200_000),
        end: heal,
        says: /this machine's clock is off/,
      },
    },
    recorded: FIXTURE,
    online: () => kms.online(),
    offline: () => kms.offline(),
    async takeRecordedKey() {
      const path = new URL(`../fixtures/${FIXTURE}/key.json`, import.meta.url);
      const { aes256_key_hex } = JSON.parse(readFileSync(path, "utf8")) as { aes256_key_hex: string };
      kms.importKey(FIXTURE_KEY, { key: Buffer.from(aes256_key_hex, "hex"), id: Buffer.from("88ad7960", "hex") });
      const owner = kms.addServiceAccount(ACCOUNT, [{ permissions: ["*"], on: FIXTURE_KEY }]);
      const names = { project: "p", region: "global", key_ring: "bao", crypto_key: "bao-seal" };
      return {
        config: withSeal(example, { ...kms.config, tls_ca_cert: "ca.pem", ...names }),
        env: { GOOGLE_CREDENTIALS: JSON.stringify(owner) },
      };
    },
    stop: () => kms.stop(),
  };
});
