// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the gcpckms seal. */
import { startCloudKms } from "@sealwright/testing/cloud-kms";
import { describeStoreOver, type Outage } from "../../../test/support/store-over-service.ts";
import { plugin } from "../src/index.ts";
import { stanzaFor } from "./support/cloud.ts";

async function start() {
  const kms = await startCloudKms();
  return {
    kms,
    plugin,
    settings: stanzaFor(kms),
    calls: () => kms.calls,
    operations: { wrap: "Encrypt", unwrap: "Decrypt" },
    key: kms.key,
    rotateKey: async () => kms.rotateKey(),
    stop: () => kms.stop(),
  };
}

type Service = Awaited<ReturnType<typeof start>>;

const heal = ({ kms }: Service) => kms.heal();
const throttling: Outage<Service> = {
  what: "throttling",
  code: "SEAL_THROTTLED",
  begin: ({ kms }) => kms.throttle(),
  end: heal,
};
const outages: readonly Outage<Service>[] = [
  { what: "down", code: "SEAL_UNAVAILABLE", begin: ({ kms }) => kms.offline(), end: ({ kms }) => kms.online() },
  throttling,
  { what: "denying", code: "SEAL_DENIED", begin: ({ kms }) => kms.deny(), end: heal },
  {
    what: "denying the unwrap alone",
    code: "SEAL_DENIED",
    begin: ({ kms }) => kms.deny("cloudkms.cryptoKeyVersions.useToDecrypt"),
    end: heal,
  },
  { what: "answering nonsense", code: "SEAL_UNAVAILABLE", begin: ({ kms }) => kms.tamper(() => ({})), end: heal },
  {
    what: "one with the key disabled",
    code: "SEAL_KEY_DISABLED",
    begin: ({ kms }) => kms.disableKey(),
    end: ({ kms }) => kms.enableKey(),
  },
];

describeStoreOver("a store over the gcpckms seal", { start, outages, throttling });
