// SPDX-License-Identifier: Apache-2.0
/** With TLS and credentials, as Cloud KMS itself is spoken to. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SealedBlob, Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { makeTestAuthority } from "@sealwright/testing/certificates";
import { type CloudKms, type Grant, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Failure } from "../src/failure.ts";
import { refused } from "../src/refusals.ts";
import { openSeal, stanzaFor } from "./support/cloud.ts";

const folder = mkdtempSync(join(tmpdir(), "sealwright-gcpckms-"));
const authority = makeTestAuthority("test authority");
const dataKey = Buffer.alloc(32, 3);
let kms: CloudKms;
let caFile: string;

/** Writes a file into the folder of the tests; answers its path. */
function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

beforeAll(async () => {
  kms = await startCloudKms({ tls: authority.issue(["localhost"]) });
  caFile = file("ca.pem", authority.ca);
});
afterAll(async () => {
  await kms.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  // Nothing of the machine's own counts.
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined);
  vi.stubEnv("CLOUDSDK_CONFIG", join(folder, "gcloud"));
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
});
afterEach(() => {
  vi.unstubAllEnvs();
  kms.heal();
});

const stanza = (): Stanza => ({ ...stanzaFor(kms), tls_ca_cert: caFile });

/** A new service account's file; with the rights to encrypt and decrypt with the key unless told otherwise. */
function serviceAccount(name: string, grants?: readonly Grant[]): string {
  return JSON.stringify(kms.addServiceAccount(`${name}@test-project.iam.gserviceaccount.com`, grants));
}

async function wrapWith(settings: Stanza): Promise<SealedBlob> {
  const seal = await openSeal(settings);
  try {
    return await seal.wrap(dataKey);
  } finally {
    await seal.close();
  }
}

describe("nothing is wrapped", () => {
  test("without credentials: SEAL_DENIED, saying where they are looked for, until there are some", async () => {
    const seal = await openSeal(stanza());
    const { message, advice } = await rejectsWithCode(seal.wrap(dataKey), "SEAL_DENIED");
    expect(message).toBe(`there are no credentials to use the key ${kms.key} with`);
    expect(advice).toContain("GOOGLE_APPLICATION_CREDENTIALS");
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", file("late.json", serviceAccount("late")));
    await seal.wrap(dataKey);
    await seal.close();
  });

  test("by a deleted account: SEAL_DENIED", async () => {
    const credentials = serviceAccount("deleted");
    kms.deleteServiceAccount("deleted@test-project.iam.gserviceaccount.com");
    const { message } = await rejectsWithCode(wrapWith({ ...stanza(), credentials }), "SEAL_DENIED");
    expect(message).toContain("expired, revoked or of a deleted account");
  });

  test.each([2, -2])("where the clocks are %d hours apart: SEAL_DENIED, naming the clock", async (hours) => {
    const credentials = serviceAccount("clock");
    kms.skewClock(hours * 60 * 60 * 1_000);
    const { advice } = await rejectsWithCode(wrapWith({ ...stanza(), credentials }), "SEAL_DENIED");
    expect(advice).toContain("correct the clock");
  });

  test("where the authority is not trusted: SEAL_UNAVAILABLE, and no token is sent", async () => {
    const before = kms.calls.length;
    const other = file("other.pem", makeTestAuthority("other").ca);
    const settings = { ...stanza(), tls_ca_cert: other, credentials: serviceAccount("careful") };
    const { message, advice } = await rejectsWithCode(wrapWith(settings), "SEAL_UNAVAILABLE");
    expect(message).toContain("its certificate comes from no authority that is trusted");
    expect(advice).toContain("tls_ca_cert");
    expect(kms.calls.length).toBe(before);
  });

  test("where the certificate is for another name: SEAL_UNAVAILABLE", async () => {
    const elsewhere = await startCloudKms({ tls: authority.issue(["kms.example"]) });
    const settings = { ...stanza(), endpoint: elsewhere.endpoint, credentials: serviceAccount("name") };
    const { message } = await rejectsWithCode(wrapWith(settings), "SEAL_UNAVAILABLE");
    expect(message).toContain("its certificate is for another name");
    await elsewhere.stop();
  });

  test("by an account that may only decrypt: SEAL_DENIED; what others wrapped opens", async () => {
    const blob = await wrapWith({ ...stanza(), credentials: serviceAccount("both") });
    const grants = [{ permissions: ["cloudkms.cryptoKeyVersions.useToDecrypt"], on: kms.key }];
    const seal = await openSeal({ ...stanza(), credentials: serviceAccount("decrypter", grants) });
    const { message } = await rejectsWithCode(seal.wrap(dataKey), "SEAL_DENIED");
    expect(message).toContain(`cloudkms.cryptoKeyVersions.useToEncrypt on ${kms.key} is denied`);
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(dataKey);
    await seal.close();
  });

  test("with a key that the account has no rights on: SEAL_DENIED, whether it is there or not", async () => {
    const credentials = serviceAccount("elsewhere");
    const { message } = await rejectsWithCode(
      wrapWith({ ...stanza(), credentials, crypto_key: "missing" }),
      "SEAL_DENIED",
    );
    expect(message).toContain("or there is no such key");
  });
});

describe("the role roles/cloudkms.cryptoKeyEncrypterDecrypter on the key is enough", () => {
  test.each([
    ["as a file's path", (json: string) => ({ credentials: file("path.json", json) })],
    ["as JSON", (json: string) => ({ credentials: json })],
    ["as a file's content", (json: string) => ({ credentials: `file://${file("content.json", json)}` })],
  ])("credentials given %s", async (_how, settings) => {
    const seal = await openSeal({ ...stanza(), ...settings(serviceAccount("least")) });
    const before = kms.calls.length;
    expect(Buffer.from(await seal.unwrap(await seal.wrap(dataKey)))).toEqual(dataKey);
    expect(kms.calls.slice(before)).toEqual(["Encrypt", "Decrypt"]);
    await seal.close();
  });

  test("application default credentials", async () => {
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", file("adc.json", serviceAccount("adc")));
    expect((await wrapWith(stanza())).keyInfo?.keyId).toBe(`${kms.key}/cryptoKeyVersions/1`);
  });
});

describe("an access token that cannot be had", () => {
  const target = { key: "projects/p/k", region: "global", project: "p", host: "cloudkms.googleapis.com" };
  const plugin = "Getting metadata from plugin failed with error:";
  const failure = (details: string): Failure => ({ status: 2, details: `${plugin} ${details}`, reason: undefined });
  test.each([
    ["SEAL_UNAVAILABLE", "request to https://oauth2.googleapis.com/token failed, reason: getaddrinfo ENOTFOUND oauth2"],
    ["SEAL_UNAVAILABLE", "connect ECONNREFUSED 169.254.169.254:80"],
    ["SEAL_DENIED", "invalid_grant"],
    ["SEAL_DENIED", "invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes)"],
    ["SEAL_DENIED", "Could not load the default credentials. Browse to https://cloud.google.com/docs"],
  ])("is %s: %s", (code, details) => {
    const error = refused(target, "encrypt", failure(details), undefined);
    expect([error.code, error.message.includes(target.key)]).toEqual([code, true]);
  });
});
