// SPDX-License-Identifier: Apache-2.0
/** The vault's side of a request: is it throttled, whose token is it, what is the answer. */
import { answerDataPlane, type KeyCall } from "./data-plane.ts";
import type { Identity } from "./identities.ts";
import type { KeyStore } from "./keys.ts";
import type { Reply, Request } from "./listener.ts";
import { ServiceError, throttled } from "./service-error.ts";
import type { Tenant } from "./tenant.ts";

/** The resource that tokens for Key Vault are of in Azure's public cloud. */
const KEY_VAULT_RESOURCE = "https://vault.azure.net";

/** A vault, and what a test has done to it. */
export interface Vault {
  readonly name: string;
  readonly tenant: Tenant;
  readonly keys: KeyStore;
  readonly calls: KeyCall[];
  /** By how much its clock is ahead, in milliseconds. */
  clockAhead: number;
  /** In seconds; undefined while it does not throttle. */
  retryAfter: number | undefined;
  /** Answers some calls in its place. */
  answer: ((call: KeyCall) => Reply | undefined) | undefined;
}

function identify({ tenant, clockAhead }: Vault, authorization: string | undefined): Identity {
  const now = Math.floor((Date.now() + clockAhead) / 1_000);
  const clientId = tenant.tokens.check(authorization, { audience: KEY_VAULT_RESOURCE, issuer: tenant.issuer, now });
  const identity = tenant.find(clientId);
  if (identity === undefined) throw new ServiceError(401, "Unauthorized", "The client of this token is not known.");
  return identity;
}

async function answer(vault: Vault, request: Request): Promise<Reply> {
  if (vault.retryAfter !== undefined) throw throttled(vault.retryAfter);
  const identity = identify(vault, request.headers.authorization);
  const onCall = (call: KeyCall): Reply | undefined => {
    vault.calls.push(call);
    return vault.answer?.(call);
  };
  return answerDataPlane({ vault: vault.name, base: request.url.origin, keys: vault.keys, onCall }, request, identity);
}

function refusal({ tenant }: Vault, authorityHost: string, error: unknown): Reply {
  if (!(error instanceof ServiceError)) throw error;
  const { status, body, headers } = error;
  if (status !== 401) return { status, body, headers };
  const challenge = `Bearer authorization="${authorityHost}/${tenant.id}", resource="${KEY_VAULT_RESOURCE}"`;
  return { status, body, headers: { ...headers, "WWW-Authenticate": challenge } };
}

/** Answers one request to the vault, whose clients get their tokens from `authorityHost`. */
export async function answerVault(vault: Vault, authorityHost: string, request: Request): Promise<Reply> {
  const { headers, ...reply } = await answer(vault, request).catch((error) => refusal(vault, authorityHost, error));
  const date = new Date(Date.now() + vault.clockAhead).toUTCString();
  return { ...reply, headers: { Date: date, ...headers } };
}
