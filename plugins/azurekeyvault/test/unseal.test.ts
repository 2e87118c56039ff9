// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the azurekeyvault seal. */
import { startKeyVault } from "@sealwright/testing/key-vault";
import { describeStoreOver, type Outage } from "../../../test/support/store-over-service.ts";
import { plugin } from "../src/index.ts";

async function start() {
  const vault = await startKeyVault();
  return {
    vault,
    plugin,
    settings: vault.config,
    calls: () => vault.calls.map(({ operation }) => operation),
    operations: { wrap: "wrapKey", unwrap: "unwrapKey" },
    key: vault.key,
    rotateKey: () => vault.rotateKey(),
    stop: () => vault.stop(),
  };
}

type Service = Awaited<ReturnType<typeof start>>;

const throttling: Outage<Service> = {
  what: "throttling",
  code: "SEAL_THROTTLED",
  begin: ({ vault }) => vault.throttle(60),
  end: ({ vault }) => vault.throttle(undefined),
};
const outages: readonly Outage<Service>[] = [
  { what: "down", code: "SEAL_UNAVAILABLE", begin: ({ vault }) => vault.offline(), end: ({ vault }) => vault.online() },
  throttling,
  { what: "denying", code: "SEAL_DENIED", begin: ({ vault }) => vault.deny(), end: ({ vault }) => vault.allow() },
  {
    what: "denying the unwrap alone",
    code: "SEAL_DENIED",
    begin: ({ vault }) => vault.deny("unwrapKey"),
    end: ({ vault }) => vault.allow(),
  },
  {
    what: "answering nonsense",
    code: "SEAL_UNAVAILABLE",
    begin: ({ vault }) => vault.answerWith(() => ({ status: 200, body: {} })),
    end: ({ vault }) => vault.answerWith(undefined),
  },
  {
    what: "one with the key disabled",
    code: "SEAL_KEY_DISABLED",
    begin: ({ vault }) => vault.disableKey(),
    end: ({ vault }) => vault.enableKey(),
  },
  {
    what: "one with the key deleted",
    code: "SEAL_KEY_MISSING",
    begin: ({ vault }) => vault.deleteKey(),
    end: ({ vault }) => vault.recoverKey(),
  },
];

describeStoreOver("a store over the azurekeyvault seal", { start, outages, throttling });
