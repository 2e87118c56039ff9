// SPDX-License-Identifier: Apache-2.0
import { describeSealConformance } from "@sealwright/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { openSeal } from "./support/open-seal.ts";
import { startVaultUnderTest, type VaultUnderTest } from "./support/vault-under-test.ts";

let vault: VaultUnderTest;
const secrets = { client_secret: "the-secret-itself", cert_password: "the-passphrase" };
const login = { tenant_id: "11111111-2222-3333-4444-555555555555", client_id: "client" };
const valid = { vault_name: "vault", key_name: "key", ...login, ...secrets };
const withoutLogin = { vault_name: "vault", key_name: "key" };

beforeAll(async () => {
  vault = await startVaultUnderTest();
});
afterAll(() => vault?.stop());

describeSealConformance(
  "azurekeyvault",
  {
    traits: {
      aad: "bound",
      parts: ["iv", "wrappedKey"],
      unknownKeyId: "0123456789abcdef0123456789abcdef",
    },
    open: () => openSeal(vault.stanza),
    async foreignBlob(plaintext) {
      const [own, other] = await Promise.all([openSeal(vault.stanza), openSeal(vault.otherStanza)]);
      try {
        const [blob, foreign] = await Promise.all([own.wrap(plaintext), other.wrap(plaintext)]);
        return { ...foreign, keyInfo: { ...foreign.keyInfo, keyId: blob.keyInfo?.keyId ?? "" } };
      } finally {
        await Promise.all([own.close(), other.close()]);
      }
    },
    secrets: Object.values(secrets),
    configuration: {
      plugin,
      valid,
      required: ["vault_name", "key_name"],
      mistakes: [
        { wrong: "an empty vault name", stanza: { ...valid, vault_name: "" }, says: "vault_name is required" },
        { wrong: "a vault name with a dot", stanza: { ...valid, vault_name: "a.b" }, says: "vault_name" },
        { wrong: "a key name with a slash", stanza: { ...valid, key_name: "a/b" }, says: "key_name" },
        {
          wrong: "a missing key that is said not to be required",
          stanza: { vault_name: "vault", key_not_required: "true" },
          says: "key_name is required",
        },
        { wrong: "an unknown way to log in", stanza: { ...valid, auth_method: "msi" }, says: "auth_method" },
        { wrong: "an unknown cloud", stanza: { ...valid, environment: "AzureMoonCloud" }, says: "AZUREPUBLICCLOUD" },
        { wrong: "a resource with a path", stanza: { ...valid, resource: "vault.azure.net/a" }, says: "resource" },
        { wrong: "a vault without TLS", stanza: { ...valid, vault_url: "http://vault" }, says: "https://" },
        { wrong: "a vault with a password", stanza: { ...valid, vault_url: "https://a:b@c" }, says: "https://" },
        { wrong: "a directory without TLS", stanza: { ...valid, authority_host: "http://login" }, says: "https://" },
        { wrong: "a tenant that is a path", stanza: { ...valid, tenant_id: "a/b" }, says: "tenant_id" },
        {
          wrong: "a client secret without a tenant",
          stanza: { ...withoutLogin, auth_method: "client_secret", client_id: "a", ...secrets },
          says: "needs tenant_id",
        },
        {
          wrong: "a client without its secret",
          stanza: { ...withoutLogin, ...login, auth_method: "client_secret" },
          says: "needs client_secret",
        },
        {
          wrong: "a certificate without a path",
          stanza: { ...withoutLogin, ...login, auth_method: "certificate" },
          says: "needs cert_path",
        },
        {
          wrong: "a certificate that is not there",
          stanza: { ...withoutLogin, ...login, auth_method: "certificate", cert_path: "/no/such.pem" },
          says: "/no/such.pem, which cannot be read (ENOENT)",
        },
        {
          wrong: "a certificate that is none",
          stanza: { ...withoutLogin, ...login, auth_method: "certificate", cert_path: import.meta.filename },
          says: "a certificate and its private key",
        },
        {
          wrong: "an identity by a resource that is not named",
          stanza: { ...withoutLogin, auth_method: "managed_identity", managed_id_kind: "resource_id" },
          says: "needs resource_id",
        },
        {
          wrong: "an unknown kind of identity",
          stanza: { ...valid, managed_id_kind: "object_id" },
          says: "managed_id_kind",
        },
        {
          wrong: "a workload identity outside Kubernetes",
          stanza: { ...withoutLogin, ...login, auth_method: "workload_identity" },
          says: "AZURE_FEDERATED_TOKEN_FILE",
        },
        { wrong: "an authority that is not there", stanza: { ...valid, tls_ca_cert: "/no/ca" }, says: "/no/ca" },
        {
          wrong: "an authority that is no certificate",
          stanza: { ...valid, tls_ca_cert: import.meta.filename },
          says: "holds no certificate",
        },
      ],
    },
  },
  { describe, it, expect },
);
