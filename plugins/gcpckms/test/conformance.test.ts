// SPDX-License-Identifier: Apache-2.0
import { describeSealConformance } from "@sealwright/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { type Backend, openSeal, startBackend } from "./support/cloud.ts";

const valid = { project: "my-project", region: "europe-west3", key_ring: "ring", crypto_key: "key" };
const secret = "1//a-refresh-token";
const user = { type: "authorized_user", client_id: "id", client_secret: "s", refresh_token: secret };

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

describeSealConformance(
  "gcpckms",
  {
    traits: {
      aad: "bound",
      parts: ["iv", "wrappedKey"],
      unknownKeyId: "projects/p/locations/global/keyRings/elsewhere/cryptoKeys/k/cryptoKeyVersions/1",
    },
    open: () => openSeal(backend.stanza),
    async foreignBlob(plaintext) {
      const [other, seal] = await Promise.all([openSeal(backend.otherStanza), openSeal(backend.stanza)]);
      try {
        const [foreign, own] = await Promise.all([other.wrap(plaintext), seal.wrap(plaintext)]);
        return { ...foreign, keyInfo: { ...foreign.keyInfo, keyId: own.keyInfo?.keyId ?? "" } };
      } finally {
        await Promise.all([other.close(), seal.close()]);
      }
    },
    secrets: [secret],
    configuration: {
      plugin,
      valid: { ...valid, credentials: JSON.stringify(user) },
      required: ["project", "region", "key_ring", "crypto_key"],
      mistakes: [
        { wrong: "a project with a slash", stanza: { ...valid, project: "projects/p" }, says: "project's id" },
        { wrong: "a region in capitals", stanza: { ...valid, region: "EUROPE" }, says: "europe-west3" },
        { wrong: "a key ring with its path", stanza: { ...valid, key_ring: "a/keyRings/b" }, says: "key_ring" },
        { wrong: "a key with a dot", stanza: { ...valid, crypto_key: "a.b" }, says: "crypto_key" },
        {
          wrong: "key_not_required that is no boolean",
          stanza: { ...valid, key_not_required: "no" },
          says: "true or false",
        },
        { wrong: "an endpoint without a scheme", stanza: { ...valid, endpoint: "localhost:9000" }, says: "https://" },
        { wrong: "an endpoint with a path", stanza: { ...valid, endpoint: "https://a/v1" }, says: "https://" },
        { wrong: "an endpoint with a password", stanza: { ...valid, endpoint: "https://a:b@c" }, says: "https://" },
        {
          wrong: "an endpoint without TLS beyond the loopback",
          stanza: { ...valid, endpoint: "http://kms.example:9000" },
          says: "endpoint_plaintext",
        },
        {
          wrong: "an endpoint with TLS at an address",
          stanza: { ...valid, endpoint: "https://10.0.0.1" },
          says: "TLS needs the name",
        },
        { wrong: "a user agent of two lines", stanza: { ...valid, user_agent: "a\nb" }, says: "no header can carry" },
        { wrong: "credentials that are not there", stanza: { ...valid, credentials: "/no/such" }, says: "ENOENT" },
        { wrong: "an authority that is not there", stanza: { ...valid, tls_ca_cert: "/no/such" }, says: "/no/such" },
        {
          wrong: "an authority that is no certificate",
          stanza: { ...valid, tls_ca_cert: import.meta.filename },
          says: "holds no certificate",
        },
        {
          wrong: "a secret where a path is due",
          stanza: { ...valid, credentials: Buffer.from(secret).toString("base64") },
          says: "cannot be read",
        },
        {
          wrong: "a credentials file that is none",
          stanza: { ...valid, credentials: import.meta.filename },
          says: "not a JSON object",
        },
        { wrong: "credentials that are no JSON", stanza: { ...valid, credentials: "{" }, says: "not a JSON object" },
        {
          wrong: "credentials of an unknown type",
          stanza: { ...valid, credentials: JSON.stringify({ ...user, type: "api_key" }) },
          says: "type is missing or not valid",
        },
        {
          wrong: "credentials of a user without the token",
          stanza: { ...valid, credentials: JSON.stringify({ ...user, refresh_token: "" }) },
          says: "refresh_token is missing or not valid",
        },
        {
          wrong: "a service account whose key is none",
          stanza: {
            ...valid,
            credentials: JSON.stringify({ type: "service_account", client_email: "a@b", private_key: secret }),
          },
          says: "private_key is missing or not valid",
        },
      ],
    },
  },
  { describe, it, expect },
);
