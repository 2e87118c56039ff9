// SPDX-License-Identifier: Apache-2.0
import type { KeyManagementServiceClient } from "@google-cloud/kms";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type CloudKms, startCloudKms } from "../../src/cloud-kms.ts";
import { ALREADY_EXISTS, clientFor, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, refusal } from "./client.ts";

let kms: CloudKms;
let client: KeyManagementServiceClient;
let name: string;
let ring: string;
const location = "projects/test-project/locations/europe-west3";
const plaintext = Buffer.from("data key");

beforeEach(async () => {
  kms = await startCloudKms();
  client = clientFor(kms);
  name = kms.key;
  ring = name.replace(/\/cryptoKeys\/.*$/, "");
});
afterEach(async () => {
  vi.useRealTimers();
  await client.close();
  await kms.stop();
});

const version = (number: number): string => `${name}/cryptoKeyVersions/${number}`;
const setState = (number: number, state: "ENABLED" | "DISABLED" | "DESTROYED") =>
  client.updateCryptoKeyVersion({
    cryptoKeyVersion: { name: version(number), state },
    updateMask: { paths: ["state"] },
  });
const encrypt = async () => (await client.encrypt({ name, plaintext }))[0];
const inDays = (days: number) => ({ seconds: Math.floor(Date.now() / 1_000) + days * 86_400 });

describe("key rings and keys", () => {
  test.each([
    ["a key ring twice", ALREADY_EXISTS, () => client.createKeyRing({ parent: location, keyRingId: "sealwright" })],
    ["a key ring with a slash", INVALID_ARGUMENT, () => client.createKeyRing({ parent: location, keyRingId: "a/b" })],
    [
      "a key ring in no location",
      INVALID_ARGUMENT,
      () => client.createKeyRing({ parent: "projects/p", keyRingId: "a" }),
    ],
    ["a key ring that is not there", NOT_FOUND, () => client.getKeyRing({ name: `${ring}-missing` })],
    ["the keys of such a ring", NOT_FOUND, () => client.listCryptoKeys({ parent: `${ring}-missing` })],
    ["a key that is not there", NOT_FOUND, () => client.getCryptoKey({ name: `${name}-missing` })],
    ["a version that is not there", NOT_FOUND, () => client.getCryptoKeyVersion({ name: version(9) })],
    ["a version that is no number", INVALID_ARGUMENT, () => client.getCryptoKeyVersion({ name: `${version(1)}x` })],
    [
      "a page that was not given out",
      INVALID_ARGUMENT,
      () => client.listKeyRings({ parent: location, pageToken: "x" }),
    ],
  ])("%s is refused", async (_what, code, call) => {
    expect((await refusal(call())).code).toBe(code);
  });

  const create = (cryptoKeyId: string, cryptoKey: object) =>
    client.createCryptoKey({ parent: ring, cryptoKeyId, cryptoKey });
  const purpose = "ENCRYPT_DECRYPT";
  test.each([
    ["of a name that is taken", ALREADY_EXISTS, "unseal", { purpose }],
    ["with a name of 64 characters", INVALID_ARGUMENT, "k".repeat(64), { purpose }],
    ["without a purpose", INVALID_ARGUMENT, "new", {}],
    ["that signs, without an algorithm", INVALID_ARGUMENT, "new", { purpose: "ASYMMETRIC_SIGN" }],
    [
      "that encrypts, by an algorithm that signs",
      INVALID_ARGUMENT,
      "new",
      { purpose, versionTemplate: { algorithm: "EC_SIGN_P256_SHA256" } },
    ],
    ["that is destroyed at once", INVALID_ARGUMENT, "new", { purpose, destroyScheduledDuration: { seconds: 60 } }],
    [
      "that rotates hourly",
      INVALID_ARGUMENT,
      "new",
      { purpose, rotationPeriod: { seconds: 3_600 }, nextRotationTime: inDays(1) },
    ],
    ["that should have rotated already", INVALID_ARGUMENT, "new", { purpose, nextRotationTime: inDays(-1) }],
    ["that rotates from never on", INVALID_ARGUMENT, "new", { purpose, rotationPeriod: { seconds: 86_400 } }],
  ])("a key %s is refused", async (_what, code, id, fields) => {
    expect((await refusal(create(id, fields))).code).toBe(code);
  });

  test("a key tells its primary version, purpose, algorithm and labels", async () => {
    const [made] = await create("new", { purpose, labels: { team: "platform" } });
    expect(made).toMatchObject({
      name: `${ring}/cryptoKeys/new`,
      purpose,
      labels: { team: "platform" },
      versionTemplate: { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "SOFTWARE" },
      primary: { name: `${ring}/cryptoKeys/new/cryptoKeyVersions/1`, state: "ENABLED" },
      destroyScheduledDuration: { seconds: String(30 * 86_400) },
    });
    expect((await client.getCryptoKey({ name: made.name ?? "" }))[0]).toEqual(made);
  });

  test("a key without an initial version has no primary one and does not encrypt", async () => {
    const [made] = await client.createCryptoKey({
      parent: ring,
      cryptoKeyId: "bare",
      cryptoKey: { purpose },
      skipInitialVersionCreation: true,
    });
    expect(made.primary).toBeNull();
    expect((await refusal(client.encrypt({ name: made.name ?? "", plaintext }))).code).toBe(FAILED_PRECONDITION);
  });

  test("lists come in pages", async () => {
    for (const id of ["a", "b", "c"]) await create(id, { purpose });
    const [keys] = await client.listCryptoKeys({ parent: ring, pageSize: 2 }, { autoPaginate: true });
    expect(keys.map((key) => key.name?.split("/").pop())).toEqual(["unseal", "a", "b", "c"]);
    const [, , first] = await client.listCryptoKeys({ parent: ring, pageSize: 3 }, { autoPaginate: false });
    expect(first).toMatchObject({ nextPageToken: "3", totalSize: 4 });
    expect((await client.listKeyRings({ parent: location }))[0]).toMatchObject([{ name: ring }]);
  });

  test("a key rotates by its schedule", async () => {
    const [made] = await create("rotating", {
      purpose,
      rotationPeriod: { seconds: 86_400 },
      nextRotationTime: inDays(1),
    });
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: now + 2.5 * 86_400_000 });
    const [later] = await client.getCryptoKey({ name: made.name ?? "" });
    expect(later.primary?.name).toBe(`${made.name}/cryptoKeyVersions/3`);
  });

  test("labels and schedules are updated, nothing else is", async () => {
    const update = (paths: string[], fields: object) =>
      client.updateCryptoKey({ cryptoKey: { name, ...fields }, updateMask: { paths } });
    expect((await update(["labels"], { labels: { a: "b" } }))[0].labels).toEqual({ a: "b" });
    const schedule = { rotationPeriod: { seconds: 86_400 }, nextRotationTime: inDays(9) };
    const [scheduled] = await update(["rotation_period", "next_rotation_time"], schedule);
    expect(scheduled).toMatchObject({ rotationPeriod: { seconds: "86400" }, labels: { a: "b" } });
    expect((await refusal(update(["purpose"], { purpose: "MAC" }))).code).toBe(INVALID_ARGUMENT);
    expect((await refusal(update([], {}))).code).toBe(INVALID_ARGUMENT);
  });
});

describe("versions", () => {
  test("a disabled one neither encrypts nor decrypts, until it is enabled again", async () => {
    const { ciphertext } = await encrypt();
    await setState(1, "DISABLED");
    for (const call of [() => encrypt(), () => client.decrypt({ name, ciphertext: ciphertext ?? "" })]) {
      const { code, details } = await refusal(call());
      expect({ code, details }).toEqual({
        code: FAILED_PRECONDITION,
        details: `${version(1)} is not enabled, current state is: DISABLED.`,
      });
    }
    await setState(1, "ENABLED");
    const [opened] = await client.decrypt({ name, ciphertext: ciphertext ?? "" });
    expect(Buffer.from(opened.plaintext as Uint8Array)).toEqual(plaintext);
  });

  test("one that is scheduled for destruction is restored to disabled, and destroyed when it is due", async () => {
    const [scheduled] = await client.destroyCryptoKeyVersion({ name: version(1) });
    expect(scheduled).toMatchObject({ state: "DESTROY_SCHEDULED", destroyEventTime: null });
    expect(Number(scheduled.destroyTime?.seconds) - Date.now() / 1_000).toBeGreaterThan(29 * 86_400);
    expect((await refusal(encrypt())).details).toContain("DESTROY_SCHEDULED");
    const [restored] = await client.restoreCryptoKeyVersion({ name: version(1) });
    expect(restored).toMatchObject({ state: "DISABLED", destroyTime: null });
    await client.destroyCryptoKeyVersion({ name: version(1) });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31 * 86_400_000 });
    const [destroyed] = await client.getCryptoKeyVersion({ name: version(1) });
    expect(destroyed).toMatchObject({ state: "DESTROYED", destroyTime: null });
    expect((await refusal(client.restoreCryptoKeyVersion({ name: version(1) }))).code).toBe(FAILED_PRECONDITION);
    expect((await refusal(encrypt())).details).toContain("DESTROYED");
  });

  test("states are not skipped", async () => {
    expect((await refusal(setState(1, "DESTROYED"))).code).toBe(INVALID_ARGUMENT);
    expect((await refusal(client.restoreCryptoKeyVersion({ name: version(1) }))).code).toBe(FAILED_PRECONDITION);
    await client.destroyCryptoKeyVersion({ name: version(1) });
    expect((await refusal(setState(1, "ENABLED"))).code).toBe(FAILED_PRECONDITION);
    expect((await refusal(client.destroyCryptoKeyVersion({ name: version(1) }))).code).toBe(FAILED_PRECONDITION);
  });

  test("a new one encrypts once it is made primary, and the one before still decrypts", async () => {
    const before = await encrypt();
    const [made] = await client.createCryptoKeyVersion({ parent: name, cryptoKeyVersion: {} });
    expect([made.name, (await encrypt()).name]).toEqual([version(2), version(1)]);
    await client.updateCryptoKeyPrimaryVersion({ name, cryptoKeyVersionId: "2" });
    expect((await encrypt()).name).toBe(version(2));
    const [opened] = await client.decrypt({ name, ciphertext: before.ciphertext ?? "" });
    expect(opened.usedPrimary).toBe(false);
    expect((await client.listCryptoKeyVersions({ parent: name }))[0].map((each) => each.name)).toEqual(
      [1, 2].map(version),
    );
  });

  test("one that is not there does not become primary, one that is disabled does", async () => {
    const primary = (id: string) => client.updateCryptoKeyPrimaryVersion({ name, cryptoKeyVersionId: id });
    expect((await refusal(primary("9"))).code).toBe(NOT_FOUND);
    await client.createCryptoKeyVersion({ parent: name, cryptoKeyVersion: {} });
    await setState(2, "DISABLED");
    expect((await primary("2"))[0].primary).toMatchObject({ name: version(2), state: "DISABLED" });
  });
});
