// SPDX-License-Identifier: Apache-2.0
import { describeSealConformance } from "@sealwright/testing";
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { openSeal, stanzaFor } from "./support/open-seal.ts";

const valid = {
  kms_key_id: "alias/sealwright",
  region: "eu-central-1",
  access_key: "AKIATEST",
  secret_key: "very-secret-key",
  session_token: "very-secret-token",
};

describe.skipIf(partMissing("LocalStack"))("on LocalStack", () => {
  let localStack: LocalStack;
  let otherKey: string;

  beforeAll(async () => {
    localStack = await startLocalStack();
    otherKey = await localStack.rotateKey();
  });
  afterAll(() => localStack?.stop());

  describeSealConformance(
    "awskms",
    {
      traits: {
        aad: "bound",
        parts: ["iv", "wrappedKey"],
        unknownKeyId: "arn:aws:kms:us-east-1:000000000000:key/5ea15ea1-0000-4000-8000-000000000009",
      },
      open: () => openSeal(stanzaFor(localStack)),
      async foreignBlob(plaintext) {
        const other = await openSeal({ ...stanzaFor(localStack), kms_key_id: otherKey });
        const blob = await other.wrap(plaintext);
        await other.close();
        return { ...blob, keyInfo: { ...blob.keyInfo, keyId: localStack.key.arn } };
      },
      secrets: ["very-secret-key", "very-secret-token"],
      configuration: {
        plugin,
        valid,
        required: ["kms_key_id"],
        mistakes: [
          { wrong: "a key with a space", stanza: { ...valid, kms_key_id: "a key" }, says: "alias/NAME" },
          {
            wrong: "a key of 2,049 characters",
            stanza: { ...valid, kms_key_id: "k".repeat(2_049) },
            says: "kms_key_id",
          },
          { wrong: "a region that is none", stanza: { ...valid, region: "Frankfurt am Main" }, says: "eu-central-1" },
          {
            wrong: "a key of another region",
            stanza: { ...valid, kms_key_id: "arn:aws:kms:eu-west-1:1:key/1" },
            says: "names a key in eu-west-1, and region is eu-central-1",
          },
          { wrong: "an endpoint without a scheme", stanza: { ...valid, endpoint: "kms:4566" }, says: "endpoint" },
          { wrong: "an endpoint with a password", stanza: { ...valid, endpoint: "https://a:b@c" }, says: "endpoint" },
          { wrong: "an endpoint with a query", stanza: { ...valid, endpoint: "https://a?b=c" }, says: "endpoint" },
          {
            wrong: "an encryption context that is no list of pairs",
            stanza: { ...valid, encryption_context: "app" },
            says: "name=value",
          },
          {
            wrong: "an encryption context with a name twice",
            stanza: { ...valid, encryption_context: "a=1,a=2" },
            says: "each name once",
          },
          {
            wrong: "a key_not_required that is no boolean",
            stanza: { ...valid, key_not_required: "no" },
            says: "true or false",
          },
          {
            wrong: "an access key without its secret",
            stanza: { kms_key_id: "k", access_key: "a" },
            says: "access_key and secret_key go together",
          },
          {
            wrong: "a secret without its access key",
            stanza: { kms_key_id: "k", secret_key: "very-secret-key" },
            says: "access_key and secret_key go together",
          },
          {
            wrong: "a session token alone",
            stanza: { kms_key_id: "k", session_token: "very-secret-token" },
            says: "session_token is given without",
          },
          {
            wrong: "a web identity without its role",
            stanza: { kms_key_id: "k", web_identity_token_file: "/t" },
            says: "without role_arn",
          },
          {
            wrong: "a secret in a file that is not there",
            stanza: { ...valid, secret_key: "file:///no/such/secret" },
            says: "/no/such/secret",
          },
          {
            wrong: "a secret in a variable that is not set",
            stanza: { ...valid, secret_key: "env://NO_SUCH_VARIABLE" },
            says: "NO_SUCH_VARIABLE",
          },
        ],
      },
    },
    { describe, it, expect },
  );
});
