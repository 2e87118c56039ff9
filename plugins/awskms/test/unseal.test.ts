// SPDX-License-Identifier: Apache-2.0
/** A sealed store over the awskms seal, with LocalStack's KMS. */
import { rotateRootKey } from "@sealwright/core";
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { describe, expect, test } from "vitest";
import { describeStoreOver, type Outage, type SealService } from "../../../test/support/store-over-service.ts";
import { plugin } from "../src/index.ts";
import { stanzaFor } from "./support/open-seal.ts";

interface Kms extends SealService {
  readonly localStack: LocalStack;
}

async function start(): Promise<Kms> {
  const localStack = await startLocalStack();
  return {
    localStack,
    plugin,
    settings: { ...stanzaFor(localStack), kms_key_id: localStack.key.alias },
    calls: () => localStack.calls,
    operations: { wrap: "Encrypt", unwrap: "Decrypt" },
    key: "the key arn:aws:kms:us-east-1:000000000000:key/",
    rotateKey: () => localStack.rotateKey(),
    stop: () => localStack.stop(),
  };
}

const heal = ({ localStack }: Kms) => localStack.heal();
const throttling: Outage<Kms> = {
  what: "throttling",
  code: "SEAL_THROTTLED",
  begin: ({ localStack }) => localStack.throttle(),
  end: heal,
};
const outages: readonly Outage<Kms>[] = [
  {
    what: "down",
    code: "SEAL_UNAVAILABLE",
    begin: ({ localStack }) => localStack.offline(),
    end: ({ localStack }) => localStack.online(),
  },
  throttling,
  { what: "denying", code: "SEAL_DENIED", begin: ({ localStack }) => localStack.deny(), end: heal },
  {
    what: "denying the unwrap alone",
    code: "SEAL_DENIED",
    begin: ({ localStack }) => localStack.deny("Decrypt"),
    end: heal,
  },
  {
    what: "answering nonsense",
    code: "SEAL_UNAVAILABLE",
    begin: ({ localStack }) => localStack.fault({ kind: "status", status: 200, body: "no" }),
    end: heal,
  },
];

describe.skipIf(partMissing("LocalStack"))("on LocalStack", () => {
  describeStoreOver("a store over the awskms seal", { start, outages, throttling }, (scene) => {
    test("opens without the alias's old key once a rewrap has moved it to the new one", async () => {
      const { service, store, init, keyId } = scene();
      await init();
      await store.unseal();
      const old = (await keyId()) ?? "";
      await service.rotateKey();
      await store.rewrap.start();
      await expect.poll(() => store.rewrap.status.running).toBe(false);
      await store.seal();
      await service.localStack.ask("DisableKey", { KeyId: old });
      try {
        await store.unseal();
        expect(store.sealed).toBe(false);
      } finally {
        await service.localStack.ask("EnableKey", { KeyId: old });
      }
    });

    test("opens after the key's material was rotated, under the same name", async () => {
      const { service, store, init, keyId } = scene();
      await init();
      const before = await keyId();
      await service.localStack.ask("RotateKeyOnDemand", { KeyId: before ?? "" });
      await store.unseal();
      await rotateRootKey(store);
      expect(await keyId()).toBe(before);
      await store.seal();
      await store.unseal();
      expect(store.sealed).toBe(false);
    });
  });
});
