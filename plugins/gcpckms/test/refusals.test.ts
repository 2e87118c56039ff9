// SPDX-License-Identifier: Apache-2.0
/** What Cloud KMS refuses, by the codes and sentences that it documents or is known to give. */
import type { Seal, SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, StatusError, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openSeal, plainClient, stanzaFor } from "./support/cloud.ts";

let kms: CloudKms;
let seal: Seal;
let blob: SealedBlob;
const dataKey = Buffer.alloc(32, 7);
const SECRET_OF_GOOGLE = "a sentence of the service that only the log may show";

beforeAll(async () => {
  kms = await startCloudKms();
  seal = await openSeal(stanzaFor(kms));
  blob = await seal.wrap(dataKey);
});
// The shortest pauses between attempts: what is told of a refusal does not depend on them.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
afterEach(() => {
  kms.heal();
  vi.restoreAllMocks();
});
afterAll(async () => {
  await seal.close();
  await kms.stop();
});

interface Row {
  readonly what: string;
  readonly status: number;
  readonly details?: string;
  readonly reason?: string;
  readonly code: string;
  /** Of the message, or of its advice. */
  readonly says: string;
}

const rows: readonly Row[] = [
  { what: "cancelled by the service", status: 1, code: "SEAL_UNAVAILABLE", says: "failed to" },
  { what: "unknown", status: 2, code: "SEAL_UNAVAILABLE", says: "failed to" },
  {
    what: "a damaged request",
    status: 3,
    details: "The checksum in field x_crc32c did not match the data in field x.",
    code: "SEAL_UNAVAILABLE",
    says: "damaged on the way",
  },
  {
    what: "a key of another purpose",
    status: 3,
    details: "must have purpose ENCRYPT_DECRYPT",
    code: "SEAL_CONFIG",
    says: "purpose ENCRYPT_DECRYPT",
  },
  { what: "too late", status: 4, code: "SEAL_TIMEOUT", says: "did not answer in time" },
  {
    what: "no such key",
    status: 5,
    details: "CryptoKey projects/p/k not found.",
    code: "SEAL_KEY_MISSING",
    says: "correct project, region, key_ring and crypto_key",
  },
  {
    what: "no such location",
    status: 5,
    details: "The request concerns location 'x' but was sent to location 'global'.",
    code: "SEAL_KEY_MISSING",
    says: "has no location europe-west3",
  },
  { what: "a denied permission", status: 7, code: "SEAL_DENIED", says: "roles/cloudkms.cryptoKeyEncrypterDecrypter" },
  {
    what: "an API that is off",
    status: 7,
    reason: "SERVICE_DISABLED",
    code: "SEAL_DENIED",
    says: "gcloud services enable cloudkms.googleapis.com --project test-project",
  },
  { what: "an unpaid project", status: 7, reason: "BILLING_DISABLED", code: "SEAL_DENIED", says: "billing" },
  {
    what: "a perimeter",
    status: 7,
    reason: "SECURITY_POLICY_VIOLATED",
    code: "SEAL_DENIED",
    says: "VPC Service Controls",
  },
  { what: "a quota", status: 8, code: "SEAL_THROTTLED", says: "raise the quota" },
  {
    what: "a disabled version",
    status: 9,
    details: "x is not enabled, current state is: DISABLED.",
    code: "SEAL_KEY_DISABLED",
    says: "enable the version",
  },
  {
    what: "a version to be destroyed",
    status: 9,
    details: "x is not enabled, current state is: DESTROY_SCHEDULED.",
    code: "SEAL_KEY_DISABLED",
    says: "restore the version now",
  },
  {
    what: "a destroyed version",
    status: 9,
    details: "x is not enabled, current state is: DESTROYED.",
    code: "SEAL_KEY_MISSING",
    says: "was destroyed",
  },
  {
    what: "no primary version",
    status: 9,
    details: "CryptoKey x has no primary version.",
    code: "SEAL_CONFIG",
    says: "no primary version",
  },
  { what: "something else", status: 12, code: "SEAL_UNAVAILABLE", says: "is no Cloud KMS" },
  { what: "a fault of its own", status: 13, code: "SEAL_UNAVAILABLE", says: "status.cloud.google.com" },
  {
    what: "an outage",
    status: 14,
    details: "The service is currently unavailable.",
    code: "SEAL_UNAVAILABLE",
    says: "failed to",
  },
  {
    what: "refused credentials",
    status: 16,
    reason: "ACCESS_TOKEN_EXPIRED",
    code: "SEAL_DENIED",
    says: "correct the clock",
  },
];

test.each(rows)("$what ($status) is $code", async ({ status, details = "", reason, code, says }) => {
  const info = reason === undefined ? undefined : { reason, domain: "googleapis.com" };
  for (const call of [() => seal.wrap(dataKey), () => seal.unwrap(blob)]) {
    kms.fail(new StatusError(status, `${details} ${SECRET_OF_GOOGLE}`, info));
    const { message, advice, cause } = await rejectsWithCode(call(), code);
    expect(message).toContain("/cryptoKeys/unseal");
    expect(`${message}: ${advice}`).toContain(says);
    expect(`${message}: ${advice}`).not.toContain(SECRET_OF_GOOGLE);
    expect(String(cause)).toContain(SECRET_OF_GOOGLE);
  }
});

describe("of a blob", () => {
  test.each([
    ["as the service does", 3, "Decryption failed: the ciphertext is invalid."],
    ["by INTERNAL, as emulators do", 13, "cipher: message authentication failed"],
    ["by INTERNAL, as emulators do", 13, "failed to decrypt with any key version"],
    ["by INTERNAL around another status", 13, "rpc error: code = InvalidArgument desc = invalid ciphertext payload: x"],
    ["by INTERNAL around another status", 13, "ciphertext was encrypted with a different crypto key"],
    ["by FAILED_PRECONDITION", 9, "ciphertext was encrypted with a different crypto key"],
    ["by NOT_FOUND without a name", 5, "not found"],
  ])("that does not open, said %s (%d: %s), is SEAL_BAD_CIPHERTEXT", async (_how, status, details) => {
    kms.fail(new StatusError(status, details), 1);
    const { message } = await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
    expect(message).toContain("another key wrapped it, or it was altered");
  });

  test.each(["CryptoKey projects/p/k not found.", "Requested entity was not found."])(
    "whose key is not there, said by NOT_FOUND (%s), is SEAL_KEY_MISSING",
    async (details) => {
      kms.fail(new StatusError(5, details), 1);
      await rejectsWithCode(seal.unwrap(blob), "SEAL_KEY_MISSING");
    },
  );

  test("the permission that is denied is named, and it is that of the call", async () => {
    kms.deny();
    for (const [call, permission] of [
      [() => seal.wrap(dataKey), "cloudkms.cryptoKeyVersions.useToEncrypt"],
      [() => seal.unwrap(blob), "cloudkms.cryptoKeyVersions.useToDecrypt"],
    ] as const) {
      expect((await rejectsWithCode(call(), "SEAL_DENIED")).message).toContain(`${permission} on ${kms.key}`);
    }
  });

  test("the key that it names is asked for, not the configured one", async () => {
    const keyId = blob.keyInfo?.keyId.replace("unseal", "before") ?? "";
    const older = { ...blob, keyInfo: { ...blob.keyInfo, keyId } };
    const { message } = await rejectsWithCode(seal.unwrap(older), "SEAL_KEY_MISSING");
    expect(message).toContain(`there is no key ${kms.key.replace("unseal", "before")}`);
  });

  test.each([
    ["another project", "test-project", "other-project"],
    ["another location", "europe-west3", "us-east1"],
    ["another key ring", "sealwright", "other-ring"],
    ["a name that leads elsewhere", "cryptoKeys/unseal", "cryptoKeys/../unseal"],
    ["no version", "/cryptoKeyVersions/1", ""],
    ["an id without end", "cryptoKeys", "k".repeat(5_000)],
  ])("%s is SEAL_KEY_MISSING without a call, naming it", async (_what, part, other) => {
    const before = kms.calls.length;
    const keyId = blob.keyInfo?.keyId.replace(part, other) ?? "";
    const call = seal.unwrap({ ...blob, keyInfo: { ...blob.keyInfo, keyId } });
    const { message } = await rejectsWithCode(call, "SEAL_KEY_MISSING");
    expect(message).toContain(JSON.stringify(keyId).slice(0, 100));
    expect(message).toContain("not in the key ring sealwright in europe-west3 of the project test-project");
    expect([message.length < 500, kms.calls.length]).toEqual([true, before]);
  });

  test("a project's number in place of its id is the same key", async () => {
    const keyId = blob.keyInfo?.keyId.replace("test-project", "123456789") ?? "";
    const same = { ...blob, keyInfo: { ...blob.keyInfo, keyId } };
    expect(Buffer.from(await seal.unwrap(same))).toEqual(dataKey);
  });
});

describe("a key in the wrong state", () => {
  test("asymmetric: SEAL_CONFIG", async () => {
    const client = plainClient(kms.endpoint);
    const parent = kms.key.replace(/\/cryptoKeys\/.*$/, "");
    const cryptoKey = {
      purpose: "ASYMMETRIC_SIGN" as const,
      versionTemplate: { algorithm: "EC_SIGN_P256_SHA256" as const },
    };
    await client.createCryptoKey({ parent, cryptoKeyId: "signing", cryptoKey });
    await client.close();
    const signing = await openSeal({ ...stanzaFor(kms), crypto_key: "signing" });
    const { message } = await rejectsWithCode(signing.wrap(dataKey), "SEAL_CONFIG");
    expect(message).toContain("it has another purpose");
    await signing.close();
  });

  test("disabled, until it is enabled; scheduled for destruction; destroyed", async () => {
    const server = await startCloudKms();
    const opened = await openSeal(stanzaFor(server));
    const wrapped = await opened.wrap(dataKey);
    const codes = async () => [
      (await opened.wrap(dataKey).catch((error) => error)).code,
      (await opened.unwrap(wrapped).catch((error) => error)).code,
    ];
    server.disableKey();
    expect(await codes()).toEqual(["SEAL_KEY_DISABLED", "SEAL_KEY_DISABLED"]);
    server.enableKey();
    expect(Buffer.from(await opened.unwrap(wrapped))).toEqual(dataKey);
    server.destroyKey("scheduled");
    expect(await codes()).toEqual(["SEAL_KEY_DISABLED", "SEAL_KEY_DISABLED"]);
    server.rotateKey();
    expect((await opened.wrap(dataKey)).keyInfo?.keyId).toMatch(/\/2$/);
    expect((await codes())[1]).toBe("SEAL_KEY_DISABLED");
    await opened.close();
    await server.stop();
  });
});
