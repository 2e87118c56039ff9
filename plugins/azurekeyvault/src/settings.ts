// SPDX-License-Identifier: Apache-2.0
/** From a checked configuration to what the seal works with. Files are looked at when the seal is opened. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { type ConfigOf, type FileSetting, readCertificates, readTextFile } from "@sealwright/seal";
import { CLOUDS } from "./clouds.ts";
import type { fields } from "./config.ts";
import { contradiction } from "./errors.ts";

/** A checked configuration. */
export type Config = ConfigOf<typeof fields>;

/** Who asks for tokens, and how it proves that. */
export type Login =
  | { readonly method: "client_secret"; readonly tenant: string; readonly client: string; readonly secret: string }
  | {
      readonly method: "certificate";
      readonly tenant: string;
      readonly client: string;
      readonly path: string;
      readonly password: string | undefined;
    }
  | { readonly method: "managed_identity"; readonly client?: string; readonly resourceId?: string }
  | { readonly method: "workload_identity"; readonly tenant?: string; readonly client?: string }
  | { readonly method: "environment" }
  | { readonly method: "default"; readonly tenant?: string; readonly client?: string };

/** Where vault and directory are, and which key is meant. */
export interface Settings {
  /** Without a trailing `/`. */
  readonly vaultUrl: string;
  readonly key: string;
  /** The host that tokens may be for, besides the domain that the vault is in. */
  readonly resource: string;
  /** Without a trailing `/`. */
  readonly authorityHost: string;
  /** Whether that is one of Azure's own, which the SDK knows more about. */
  readonly authorityIsAzure: boolean;
  readonly login: Login;
  /** PEM. Undefined leaves those that Node trusts. */
  readonly ca: string | undefined;
}

const at = (setting: string): FileSetting => ({ seal: "azurekeyvault", setting });

function checkCertificate(path: string, passphrase: string | undefined): void {
  const pem = readTextFile(at("cert_path"), path);
  try {
    new X509Certificate(pem);
    createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw contradiction(
      `cert_path: ${path} does not hold a certificate and its private key in PEM form that cert_password opens`,
    );
  }
}

/** The value of a setting that `method` cannot do without. */
function needed(method: string, setting: string, value: string | undefined): string {
  if (value === undefined) throw contradiction(`auth_method ${method} needs ${setting}`);
  return value;
}

function managedIdentity({ managed_id_kind: kind, resource_id: resourceId, client_id: client }: Config): Login {
  const method = "managed_identity";
  if (kind === "resource_id") {
    return { method, resourceId: needed("managed_identity of the kind resource_id", "resource_id", resourceId) };
  }
  return { method, ...(client === undefined ? {} : { client }) };
}

function automatic({ tenant_id, client_id, client_secret }: Config): NonNullable<Config["auth_method"]> {
  if (tenant_id !== undefined && client_id !== undefined && client_secret !== undefined) return "client_secret";
  return client_id === undefined ? "default" : "managed_identity";
}

function loginOf(config: Config): Login {
  const { tenant_id: tenant, client_id: client } = config;
  const method = config.auth_method ?? automatic(config);
  const application = (): { tenant: string; client: string } => ({
    tenant: needed(method, "tenant_id", tenant),
    client: needed(method, "client_id", client),
  });
  const given = { ...(tenant === undefined ? {} : { tenant }), ...(client === undefined ? {} : { client }) };
  switch (method) {
    case "client_secret":
      return { method, ...application(), secret: needed(method, "client_secret", config.client_secret) };
    case "certificate": {
      const path = needed(method, "cert_path", config.cert_path);
      checkCertificate(path, config.cert_password);
      return { method, ...application(), path, password: config.cert_password };
    }
    case "managed_identity":
      return managedIdentity(config);
    case "environment":
      return { method };
    case "workload_identity":
    case "default":
      return { method, ...given };
  }
}

/** The settings that a configuration gives. Throws `SEAL_CONFIG` where they contradict each other or a file is amiss. */
export function settingsOf(config: Config): Settings {
  const cloud = CLOUDS[config.environment];
  if (cloud === undefined) throw contradiction(`environment: there is no cloud ${config.environment}`);
  const resource = config.resource ?? cloud.vaultSuffix;
  const authorityHost = config.authority_host ?? cloud.authorityHost;
  return {
    vaultUrl: config.vault_url ?? `https://${config.vault_name}.${resource}`,
    key: config.key_name,
    resource,
    authorityHost,
    authorityIsAzure: Object.values(CLOUDS).some((each) => each.authorityHost === authorityHost),
    login: loginOf(config),
    ca: config.tls_ca_cert === undefined ? undefined : readCertificates(at("tls_ca_cert"), config.tls_ca_cert),
  };
}
