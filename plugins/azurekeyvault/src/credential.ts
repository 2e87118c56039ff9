// SPDX-License-Identifier: Apache-2.0
/** The SDK's credential for each way to log in. */

import type { HttpClient } from "@azure/core-rest-pipeline";
import {
  ClientCertificateCredential,
  ClientSecretCredential,
  DefaultAzureCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { contradiction } from "./errors.ts";
import type { Login, Settings } from "./settings.ts";

/** What all credentials of the SDK take. */
function commonOptions({ authorityHost, authorityIsAzure, ca }: Settings, httpClient: HttpClient) {
  return {
    authorityHost,
    // Azure's list of its own clouds does not have other hosts, and asking for it asks Azure.
    disableInstanceDiscovery: !authorityIsAzure,
    // Whoever called the seal tries again, with pauses of its own.
    retryOptions: { maxRetries: 0 },
    httpClient,
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  };
}

function make(login: Login, options: ReturnType<typeof commonOptions>): TokenCredential {
  switch (login.method) {
    case "client_secret":
      return new ClientSecretCredential(login.tenant, login.client, login.secret, options);
    case "certificate": {
      const { path: certificatePath, password } = login;
      const file = { certificatePath, ...(password === undefined ? {} : { certificatePassword: password }) };
      return new ClientCertificateCredential(login.tenant, login.client, file, options);
    }
    case "managed_identity":
      return login.resourceId === undefined
        ? new ManagedIdentityCredential({
            ...options,
            ...(login.client === undefined ? {} : { clientId: login.client }),
          })
        : new ManagedIdentityCredential({ ...options, resourceId: login.resourceId });
    case "workload_identity":
      return new WorkloadIdentityCredential({ ...options, ...idsOf(login) });
    case "environment":
      return new EnvironmentCredential(options);
    case "default": {
      const { tenantId, clientId } = idsOf(login);
      return new DefaultAzureCredential({
        ...options,
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(clientId === undefined ? {} : { managedIdentityClientId: clientId, workloadIdentityClientId: clientId }),
      });
    }
  }
}

function idsOf({ tenant, client }: { tenant?: string; client?: string }): { tenantId?: string; clientId?: string } {
  return {
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    ...(client === undefined ? {} : { clientId: client }),
  };
}

/**
 * The credential that `settings` ask for; it sends its requests by `httpClient`. Touches no network. Throws
 * `SEAL_CONFIG` where the environment lacks what the method needs.
 */
export function credentialFor(settings: Settings, httpClient: HttpClient): TokenCredential {
  const { login } = settings;
  try {
    return make(login, commonOptions(settings, httpClient));
  } catch (cause) {
    const what =
      login.method === "workload_identity"
        ? "tenant_id, client_id and the variable AZURE_FEDERATED_TOKEN_FILE"
        : "other settings";
    throw contradiction(`auth_method ${login.method} needs ${what}`, cause);
  }
}
