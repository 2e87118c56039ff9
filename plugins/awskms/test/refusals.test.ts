// SPDX-License-Identifier: Apache-2.0
/** What KMS can answer, LocalStack or not: the code, and that the message names key and region and quotes nothing. */
import type { Seal } from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openSeal } from "./support/open-seal.ts";
import { type Reply, refusal, type StubAws, startStubAws } from "./support/stub-aws.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/5ea15ea1-0000-4000-8000-000000000001";
const blob = { ciphertext: new Uint8Array(64), keyInfo: { mechanism: 1, keyId: KEY, wrappedKey: new Uint8Array(100) } };

let stub: StubAws;
let seal: Seal;

beforeAll(async () => {
  stub = await startStubAws();
  const stanza = { kms_key_id: "alias/app", region: "eu-central-1", access_key: "AKIA1", secret_key: "very-secret" };
  seal = await openSeal({ ...stanza, endpoint: stub.address });
});
afterAll(async () => {
  await seal.close();
  await stub.stop();
});

// No pauses between the SDK's attempts: what is told of a refusal does not depend on them.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
afterEach(() => void vi.restoreAllMocks());

async function wrapRefused(reply: Reply, code: string): Promise<CodedError> {
  stub.reply = () => reply;
  const error = await rejectsWithCode(seal.wrap(Buffer.from("root key")), code);
  expect(error.message).toContain(`AWS KMS at ${stub.address} (eu-central-1)`);
  expect(error.message).toContain("key alias/app");
  return error;
}

describe("each refusal of KMS has its code, its sentence and its advice", () => {
  const rows: [name: string, code: string, says: string, advice: string][] = [
    ["AccessDeniedException", "SEAL_DENIED", "denies kms:Encrypt on the key", "allow kms:Encrypt on that key"],
    ["ExpiredTokenException", "SEAL_DENIED", "the credentials have expired", "renew the session token"],
    ["UnrecognizedClientException", "SEAL_DENIED", "does not know the access key", "there and active"],
    ["InvalidClientTokenId", "SEAL_DENIED", "does not know the access key", "there and active"],
    ["RequestTimeTooSkewed", "SEAL_DENIED", "this machine's clock is wrong", "set the clock"],
    ["SignatureDoesNotMatch", "SEAL_DENIED", "the request's signature is not right", "check the secret key"],
    ["OptInRequired", "SEAL_DENIED", "the account may not use KMS there", "enable eu-central-1"],
    ["InvalidGrantTokenException", "SEAL_DENIED", "the grant is not valid", "permissions"],
    ["NotFoundException", "SEAL_KEY_MISSING", "has no key alias/app", "correct kms_key_id, region"],
    ["DisabledException", "SEAL_KEY_DISABLED", "is disabled", "aws kms enable-key"],
    ["InvalidKeyUsageException", "SEAL_CONFIG", "is of a kind that cannot seal", "SYMMETRIC_DEFAULT"],
    ["KeyUnavailableException", "SEAL_UNAVAILABLE", "cannot use the key", "tried again"],
    ["KMSInternalException", "SEAL_UNAVAILABLE", "cannot use the key", "tried again"],
    ["DependencyTimeoutException", "SEAL_UNAVAILABLE", "cannot use the key", "tried again"],
    ["ThrottlingException", "SEAL_THROTTLED", "takes no more requests now", "quota of KMS requests in eu-central-1"],
    ["LimitExceededException", "SEAL_THROTTLED", "takes no more requests now", "quota of KMS requests"],
    ["SomethingNewException", "SEAL_CONFIG", "refused kms:Encrypt", "check kms_key_id, region and endpoint"],
  ];
  test.each(rows)("%s is %s", async (name, code, says, advice) => {
    const error = await wrapRefused(refusal(name), code);
    expect(error.message).toContain(says);
    expect(error.advice).toContain(advice);
    expect(`${error.message} ${error.advice}`).not.toMatch(/Secret detail|very-secret|AKIA1/);
    expect(String(error.cause)).toContain(`${name} (status 400): Secret detail.`);
  });

  const states: [message: string, says: string, advice: string][] = [
    [`${KEY} is pending deletion.`, "is scheduled for deletion", "aws kms cancel-key-deletion"],
    [`${KEY} is pending import.`, "waits for its key material", "import it"],
    [`${KEY} is unavailable because its key store is disconnected.`, "is in a state in which", "describe-key"],
  ];
  test.each(states)("KMSInvalidStateException, %s", async (message, says, advice) => {
    const error = await wrapRefused(refusal("KMSInvalidStateException", message), "SEAL_KEY_DISABLED");
    expect(error.message).toContain(says);
    expect(error.advice).toContain(advice);
  });

  test("a signature that came too late is about the clock, not about the secret key", async () => {
    const message = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
    const error = await wrapRefused(refusal("InvalidSignatureException", message), "SEAL_DENIED");
    expect(error.message).toContain("this machine's clock is wrong");
  });

  test("an unwrap names the blob's key and the action that it needs", async () => {
    stub.reply = () => refusal("AccessDeniedException");
    const error = await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
    expect(error.message).toContain(`denies kms:Decrypt on the key ${KEY}`);
  });

  test("a key of another region is SEAL_KEY_MISSING, and the region that it is of is named", async () => {
    stub.reply = () => refusal("NotFoundException", "Invalid arn eu-west-1");
    const elsewhere = { ...blob, keyInfo: { ...blob.keyInfo, keyId: KEY.replace("eu-central-1", "eu-west-1") } };
    const error = await rejectsWithCode(seal.unwrap(elsewhere), "SEAL_KEY_MISSING");
    expect(error.message).toMatch(/\(eu-central-1\) has no key arn:.*, which is one of eu-west-1$/);
    expect(error.advice).toContain("correct region");
  });

  test("a wrong key and a bad ciphertext are SEAL_BAD_CIPHERTEXT, told apart", async () => {
    stub.reply = () => refusal("IncorrectKeyException");
    expect((await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT")).message).toContain("did not wrap this");
    stub.reply = () => refusal("InvalidCiphertextException");
    const bad = await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
    expect([bad.message, bad.advice].join(" ")).toMatch(/does not open this .*encryption_context/);
  });
});

describe("an answer that is not one of KMS", () => {
  const rows: [what: string, reply: Reply, code: string, says: string][] = [
    ["a page with status 200", { status: 200, body: "<html>" }, "SEAL_UNAVAILABLE", "is not KMS (status 200)"],
    ["JSON without what was asked for", { status: 200, body: {} }, "SEAL_UNAVAILABLE", "is not KMS (status 200)"],
    ["a page with status 403", { status: 403, body: "<html>" }, "SEAL_UNAVAILABLE", "is not KMS (status 403)"],
    [
      "a redirection",
      { status: 301, headers: { Location: "http://x/" } },
      "SEAL_UNAVAILABLE",
      "is not KMS (status 301)",
    ],
    ["a page with status 503", { status: 503, body: "<html>" }, "SEAL_UNAVAILABLE", "with status 503"],
    ["nothing with status 500", { status: 500 }, "SEAL_UNAVAILABLE", "with status 500"],
    ["nothing with status 429", { status: 429 }, "SEAL_THROTTLED", "takes no more requests"],
  ];
  test.each(rows)("%s", async (_what, reply, code, says) => {
    expect((await wrapRefused(reply, code)).message).toContain(says);
  });

  test("nothing of it goes into the error or its cause: it may hold the data key", async () => {
    stub.reply = () => ({ status: 200, body: '{"Plaintext":"c2VjcmV0IGRhdGEga2V5", broken' });
    const error = await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
    expect(`${error.message} ${String(error.cause)}`).not.toContain("c2VjcmV0");
  });
});
