// SPDX-License-Identifier: Apache-2.0
/** Permissions, credentials, routing, and what the server does wrong on command. */
import type { KeyManagementServiceClient } from "@google-cloud/kms";
import { Client, credentials } from "@grpc/grpc-js";
import { IamProtos } from "google-gax";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeTestAuthority } from "../../src/certificates.ts";
import { type CloudKms, type ServiceAccountKey, startCloudKms } from "../../src/cloud-kms.ts";
import {
  clientFor,
  NOT_FOUND,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  refusal,
  secureClientFor,
  UNAUTHENTICATED,
  UNAVAILABLE,
} from "./client.ts";

const plaintext = Buffer.from("data key");
const ENCRYPT = "cloudkms.cryptoKeyVersions.useToEncrypt";
const DECRYPT = "cloudkms.cryptoKeyVersions.useToDecrypt";
const once = { retry: null };

describe("without TLS", () => {
  let kms: CloudKms;
  let client: KeyManagementServiceClient;

  beforeEach(async () => {
    kms = await startCloudKms();
    client = clientFor(kms);
  });
  afterEach(async () => {
    await client.close();
    await kms.stop();
  });

  const encrypt = () => client.encrypt({ name: kms.key, plaintext }, once);

  test("a denied permission is PERMISSION_DENIED, naming it and the key, until it is given back", async () => {
    kms.deny(ENCRYPT);
    expect(await refusal(encrypt())).toMatchObject({
      code: PERMISSION_DENIED,
      details: `Permission '${ENCRYPT}' denied on resource '${kms.key}' (or it may not exist).`,
      reason: "IAM_PERMISSION_DENIED",
      errorInfoMetadata: { permission: ENCRYPT, resource: kms.key },
    });
    kms.heal();
    const [{ ciphertext }] = await encrypt();
    kms.deny();
    const decrypt = client.decrypt({ name: kms.key, ciphertext: ciphertext ?? "" });
    expect((await refusal(decrypt)).details).toContain(DECRYPT);
  });

  test("TestIamPermissions tells which of some permissions are held, and of a missing key none", async () => {
    kms.deny(DECRYPT);
    const held = async (resource: string) => {
      const request = IamProtos.google.iam.v1.TestIamPermissionsRequest.create({
        resource,
        permissions: [ENCRYPT, DECRYPT],
      });
      return (await client.testIamPermissions(request))[0].permissions;
    };
    expect([await held(kms.key), await held(`${kms.key}-missing`)]).toEqual([[ENCRYPT], []]);
  });

  test("a request about a region without the header that routes it is NOT_FOUND", async () => {
    const raw = new Client(`127.0.0.1:${kms.port}`, credentials.createInsecure());
    const { promise, resolve } = Promise.withResolvers<unknown>();
    // An EncryptRequest with its first field, the name.
    const request = Buffer.concat([Buffer.from([0x0a, kms.key.length]), Buffer.from(kms.key)]);
    const path = "/google.cloud.kms.v1.KeyManagementService/Encrypt";
    const identity = (bytes: Buffer): Buffer => bytes;
    raw.makeUnaryRequest(path, identity, identity, request, (error) => resolve(error));
    expect(await promise).toMatchObject({ code: NOT_FOUND, details: expect.stringContaining("'europe-west3'") });
    raw.close();
  });

  test("throttled, as many requests as said are RESOURCE_EXHAUSTED", async () => {
    kms.throttle(2);
    for (const _ of [1, 2]) {
      expect(await refusal(encrypt())).toMatchObject({ code: RESOURCE_EXHAUSTED, reason: "RATE_LIMIT_EXCEEDED" });
    }
    await encrypt();
    expect(kms.calls).toEqual(["Encrypt", "Encrypt", "Encrypt"]);
  });

  test("slow, it answers late; offline, not at all; online again, it does", async () => {
    kms.slow(300);
    const start = performance.now();
    await encrypt();
    expect(performance.now() - start).toBeGreaterThan(290);
    kms.heal();
    await kms.offline();
    expect((await refusal(encrypt())).code).toBe(UNAVAILABLE);
    await kms.online();
    const again = clientFor(kms);
    await again.encrypt({ name: kms.key, plaintext });
    await again.close();
  });

  test("an answer is tampered with on its way, under the checksum that it had", async () => {
    const [{ ciphertext }] = await encrypt();
    kms.tamper((method, response) => (method === "Decrypt" ? { ...response, plaintext: Buffer.from("x") } : response));
    const [opened] = await client.decrypt({ name: kms.key, ciphertext: ciphertext ?? "" });
    expect(Buffer.from(opened.plaintext as Uint8Array).toString()).toBe("x");
  });
});

describe("with TLS", () => {
  const authority = makeTestAuthority("test");
  let kms: CloudKms;

  beforeAll(async () => {
    kms = await startCloudKms({ tls: authority.issue(["localhost"]) });
  });
  afterAll(() => kms.stop());
  afterEach(() => kms.heal());

  async function encryptAs(key: ServiceAccountKey | undefined, name = kms.key): Promise<unknown> {
    const client = secureClientFor(kms, authority.ca, key);
    try {
      return await client.encrypt({ name, plaintext }, once);
    } finally {
      await client.close();
    }
  }

  test("a service account has the rights that it was made with, on its key alone", async () => {
    const key = kms.addServiceAccount("server@test-project.iam.gserviceaccount.com");
    await encryptAs(key);
    expect(await refusal(encryptAs(key, `${kms.key}-other`))).toMatchObject({ code: PERMISSION_DENIED });
    const none = kms.addServiceAccount("nobody@test-project.iam.gserviceaccount.com", []);
    expect(await refusal(encryptAs(none))).toMatchObject({ code: PERMISSION_DENIED });
  });

  test("whoever has no account, a deleted one or another's key is UNAUTHENTICATED", async () => {
    const key = kms.addServiceAccount("gone@test-project.iam.gserviceaccount.com");
    const other = kms.addServiceAccount("other@test-project.iam.gserviceaccount.com");
    expect((await refusal(encryptAs({ ...key, client_email: "x@y.z" }))).code).toBe(UNAUTHENTICATED);
    expect((await refusal(encryptAs({ ...key, private_key: other.private_key }))).code).toBe(UNAUTHENTICATED);
    kms.deleteServiceAccount("gone@test-project.iam.gserviceaccount.com");
    expect((await refusal(encryptAs(key))).code).toBe(UNAUTHENTICATED);
  });

  test.each([
    ["ahead", 2],
    ["behind", -2],
  ])("a clock that is two hours %s makes tokens worthless: UNAUTHENTICATED", async (_way, hours) => {
    const key = kms.addServiceAccount("clock@test-project.iam.gserviceaccount.com");
    kms.skewClock(hours * 60 * 60 * 1_000);
    expect(await refusal(encryptAs(key))).toMatchObject({ code: UNAUTHENTICATED, reason: "ACCESS_TOKEN_EXPIRED" });
  });

  test("no credentials are UNAUTHENTICATED", async () => {
    expect(await refusal(encryptAs(undefined))).toMatchObject({ code: UNAUTHENTICATED, reason: "CREDENTIALS_MISSING" });
  });
});
