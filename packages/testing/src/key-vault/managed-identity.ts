// SPDX-License-Identifier: Apache-2.0
/** The endpoints where a machine in Azure gets tokens of its managed identity: IMDS of virtual machines, and App Service. */
import type { Identity } from "./identities.ts";
import type { Reply, Request } from "./listener.ts";
import type { Tenant } from "./tenant.ts";
import { TOKEN_SECONDS } from "./tokens.ts";

/** The identity that a machine has, and what else may ask its App Service endpoint. */
export interface Machine {
  readonly identity: Identity;
  /** The identifier of the identity in Azure's resource manager. */
  readonly resourceId: string;
  /** What `X-IDENTITY-HEADER` must be. */
  readonly header: string;
}

function failure(status: number, error: string, description: string): Reply {
  return { status, body: { error, error_description: description } };
}

/** Answers one request to the machine's endpoints. */
export function answerMachine(tenant: Tenant, machine: Machine, { method, url, headers }: Request): Reply {
  const { identity, resourceId, header } = machine;
  // Microsoft's library ends the path with a slash where it is told another host.
  const path = url.pathname.replace(/\/$/, "");
  const isImds = path === "/metadata/identity/oauth2/token";
  if (method !== "GET" || (!isImds && path !== "/msi/token")) return { status: 404 };
  if (isImds && headers.metadata !== "true") {
    return failure(400, "invalid_request", "Required metadata header not specified");
  }
  if (!isImds && headers["x-identity-header"] !== header) {
    return failure(401, "invalid_request", "The identity header is not right");
  }
  const { searchParams: asked } = url;
  const clientId = asked.get("client_id") ?? identity.clientId;
  const otherResource = asked.get("mi_res_id") ?? asked.get("msi_res_id") ?? resourceId;
  if (clientId !== identity.clientId || otherResource !== resourceId) {
    return failure(400, "invalid_request", "Identity not found");
  }
  const resource = asked.get("resource");
  if (resource === null) return failure(400, "invalid_resource", "The resource parameter is missing");
  const now = Math.floor(Date.now() / 1_000);
  return {
    status: 200,
    body: {
      access_token: tenant.tokenFor(identity, resource),
      client_id: identity.clientId,
      expires_in: String(TOKEN_SECONDS),
      expires_on: String(now + TOKEN_SECONDS),
      not_before: String(now),
      resource,
      token_type: "Bearer",
    },
  };
}
