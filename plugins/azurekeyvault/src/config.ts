// SPDX-License-Identifier: Apache-2.0
import { addressText, booleanText, type ConfigFields, optionalText } from "@sealwright/seal";
import * as z from "zod";
import { CLOUDS } from "./clouds.ts";

/** How a token is got: the values of `auth_method`. */
export const AUTH_METHODS = [
  "client_secret",
  "certificate",
  "managed_identity",
  "workload_identity",
  "environment",
  "default",
] as const;

const vaultName = z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/, "expected letters, digits and -");
const keyName = z.string().regex(/^[0-9a-zA-Z-]{1,127}$/, "expected 1 to 127 letters, digits and -");

const environment = z
  .string()
  .transform((text) => text.toUpperCase())
  .refine((text) => Object.hasOwn(CLOUDS, text), `expected one of ${Object.keys(CLOUDS).join(", ")}`);

// Some write it as a URL, which is how tokens name it.
const resource = z
  .string()
  .transform((text) => text.replace(/^https:\/\//, "").replace(/\/+$/, ""))
  .refine((text) => /^[a-zA-Z0-9.-]+(:\d+)?$/.test(text), "expected a host name such as vault.azure.net");

const httpsAddress = addressText("https://host:port", ["https:"]);

/** The settings of a `seal "azurekeyvault"` block. */
export const fields = {
  vault_name: {
    schema: vaultName,
    doc: "The vault's name.",
    env: ["AZUREKEYVAULT_WRAPPER_VAULT_NAME", "VAULT_AZUREKEYVAULT_VAULT_NAME"],
  },
  key_name: {
    schema: keyName,
    doc: "The key's name in that vault: an RSA key.",
    env: ["AZUREKEYVAULT_WRAPPER_KEY_NAME", "VAULT_AZUREKEYVAULT_KEY_NAME"],
  },
  key_not_required: {
    schema: booleanText.default(false),
    doc: "Taken for compatibility, and without effect: a seal needs its key.",
  },
  auth_method: {
    schema: z
      .string()
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(AUTH_METHODS))
      .optional(),
    doc:
      `How tokens are got: ${AUTH_METHODS.map((each) => `\`${each}\``).join(", ")}. Left out: \`client_secret\` where ` +
      "tenant, client and secret are given, else `managed_identity` where a client is, else `default`.",
    env: ["VAULT_AZUREKEYVAULT_AUTH_METHOD"],
  },
  tenant_id: {
    // Entra's own rule: a GUID or a domain.
    schema: z
      .string()
      .regex(/^[0-9a-zA-Z.-]+$/, "expected the tenant's id or domain")
      .optional(),
    doc: "The tenant in which the client is registered.",
    env: ["AZURE_TENANT_ID"],
    indirect: true,
  },
  client_id: {
    schema: optionalText,
    doc: "The client's id: of an application, or of a user-assigned managed identity.",
    env: ["AZURE_CLIENT_ID"],
    indirect: true,
  },
  client_secret: {
    schema: optionalText,
    doc: "The application's secret.",
    env: ["AZURE_CLIENT_SECRET"],
    secret: true,
    indirect: true,
  },
  cert_path: {
    schema: optionalText,
    doc: "A PEM file with the application's certificate and its private key.",
    env: ["VAULT_AZUREKEYVAULT_CERTIFICATE_PATH"],
  },
  cert_password: {
    schema: optionalText,
    doc: "The passphrase of that private key.",
    env: ["VAULT_AZUREKEYVAULT_CERTIFICATE_PASSWORD"],
    secret: true,
  },
  managed_id_kind: {
    schema: z.enum(["client_id", "resource_id"]).default("client_id"),
    doc: "By what a managed identity is named: `client_id` or `resource_id`.",
    env: ["VAULT_AZUREKEYVAULT_MANAGED_IDENTITY_KIND"],
  },
  resource_id: {
    schema: optionalText,
    doc: "The managed identity's id in Azure Resource Manager, for the kind `resource_id`.",
    env: ["VAULT_AZUREKEYVAULT_RESOURCE_ID"],
  },
  environment: {
    schema: environment.default("AZUREPUBLICCLOUD"),
    doc: `The cloud: ${Object.keys(CLOUDS)
      .map((each) => `\`${each}\``)
      .join(", ")}.`,
    env: ["AZURE_ENVIRONMENT"],
  },
  resource: {
    schema: resource.optional(),
    doc:
      "What the vault's host name ends with, and the host that the vault may ask tokens for. Left out: the cloud's own, " +
      "such as `vault.azure.net`; a managed HSM needs `managedhsm.azure.net`.",
    env: ["AZURE_AD_RESOURCE"],
  },
  vault_url: {
    schema: httpsAddress.optional(),
    doc: "Where the vault answers, if not at `https://vault_name.resource`: an emulator, or a private endpoint.",
  },
  authority_host: {
    schema: httpsAddress.optional(),
    doc: "Where the directory answers, if not where the cloud has it.",
    env: ["AZURE_AUTHORITY_HOST"],
  },
  tls_ca_cert: {
    schema: optionalText,
    doc: "A PEM file: the certificate authorities to trust instead of the usual ones, for vault and directory.",
  },
} as const satisfies ConfigFields;
