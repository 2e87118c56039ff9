// SPDX-License-Identifier: Apache-2.0
/**
 * What a client needs of Microsoft Entra ID: OpenID discovery, and the client credentials grant with a secret, a
 * certificate, or a federated token (workload identity), with the documented AADSTS errors.
 */
import { constants, randomUUID, type VerifyKeyObjectInput, verify, X509Certificate } from "node:crypto";
import type { Identity } from "./identities.ts";
import type { Reply, Request } from "./listener.ts";
import type { Tenant } from "./tenant.ts";
import { TOKEN_SECONDS } from "./tokens.ts";

const DEFAULT_SCOPE = "/.default";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

function failure(status: number, error: string, code: number, sentence: string): Reply {
  const description = `AADSTS${code}: ${sentence} Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()}`;
  return { status, body: { error, error_description: description, error_codes: [code] } };
}

function discovery(base: string, tenant: string): Reply {
  const root = `${base}/${tenant}`;
  return {
    status: 200,
    body: {
      issuer: `${root}/v2.0`,
      authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
      token_endpoint: `${root}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${root}/oauth2/v2.0/devicecode`,
      jwks_uri: `${root}/discovery/v2.0/keys`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
      response_types_supported: ["code"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      tenant_region_scope: "EU",
    },
  };
}

function instances(base: string, { id }: Tenant): Reply {
  const { host } = new URL(base);
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${base}/${id}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}

/** Whether `assertion` is a token for `audience` that the identity's certificate has signed (RFC 7523). */
function isSignedBy(certificate: string, assertion: string, audience: string): boolean {
  const [header = "", payload = "", signature = ""] = assertion.split(".");
  const { alg } = JSON.parse(Buffer.from(header, "base64url").toString() || "{}") as { alg?: string };
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString() || "{}") as { aud?: string; exp?: number };
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const key: VerifyKeyObjectInput = {
    key: new X509Certificate(certificate).publicKey,
    ...(alg === "PS256" ? pss : {}),
  };
  const signed = Buffer.from(`${header}.${payload}`);
  const inTime = (claims.exp ?? 0) > Date.now() / 1_000;
  return claims.aud === audience && inTime && verify("sha256", signed, key, Buffer.from(signature, "base64url"));
}

/** Why the form does not prove that its sender is `identity`; undefined where it does. */
function refusal(identity: Identity, form: URLSearchParams, audience: string): Reply | undefined {
  const assertion = form.get("client_assertion");
  if (assertion !== null && form.get("client_assertion_type") === ASSERTION_TYPE) {
    if (assertion === identity.federatedToken) return undefined;
    if (identity.certificate !== undefined && assertion.split(".").length === 3) {
      if (isSignedBy(identity.certificate, assertion, audience)) return undefined;
      return failure(401, "invalid_client", 700_027, "The certificate used to sign the client assertion is not right.");
    }
    return failure(401, "invalid_client", 700_211, "No matching federated identity record found for the assertion.");
  }
  const secret = form.get("client_secret");
  if (secret === null) {
    const sentence = "The request body must contain 'client_assertion' or 'client_secret'.";
    return failure(401, "invalid_client", 7_000_218, sentence);
  }
  if (secret !== identity.clientSecret) {
    return failure(401, "invalid_client", 7_000_215, "Invalid client secret provided.");
  }
  if (identity.secretExpired) {
    return failure(401, "invalid_client", 7_000_222, "The provided client secret keys are expired.");
  }
  return undefined;
}

function token(tenant: Tenant, form: URLSearchParams, audience: string): Reply {
  if (form.get("grant_type") !== "client_credentials") {
    return failure(400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.");
  }
  const clientId = form.get("client_id") ?? "";
  const identity = tenant.find(clientId);
  if (identity === undefined) {
    const sentence = `Application with identifier '${clientId}' was not found in the directory '${tenant.id}'.`;
    return failure(400, "unauthorized_client", 700_016, sentence);
  }
  const refused = refusal(identity, form, audience);
  if (refused !== undefined) return refused;
  const scope = (form.get("scope") ?? "").split(" ").find((each) => each.endsWith(DEFAULT_SCOPE));
  if (scope === undefined) {
    const sentence =
      "The provided value for scope is not valid. Client credential flows must have a scope value with " +
      "/.default suffixed to the resource identifier.";
    return failure(400, "invalid_scope", 1_002_012, sentence);
  }
  const access_token = tenant.tokenFor(identity, scope.slice(0, -DEFAULT_SCOPE.length));
  return {
    status: 200,
    body: { token_type: "Bearer", expires_in: TOKEN_SECONDS, ext_expires_in: TOKEN_SECONDS, access_token },
    headers: { "Cache-Control": "no-store, no-cache" },
  };
}

/** Answers one request to the directory. */
export function answerLogin(tenant: Tenant, { method, url, body }: Request): Reply {
  const [first = "", ...rest] = url.pathname.split("/").filter((segment) => segment !== "");
  const path = rest.join("/");
  if (first === "common" && path === "discovery/instance") return instances(url.origin, tenant);
  if (first !== tenant.id) {
    return failure(400, "invalid_tenant", 90_002, `Tenant '${first}' not found.`);
  }
  if (method === "GET" && path === "v2.0/.well-known/openid-configuration") return discovery(url.origin, first);
  if (method === "POST" && path === "oauth2/v2.0/token") {
    return token(tenant, new URLSearchParams(body), `${url.origin}${url.pathname}`);
  }
  return { status: 404 };
}
