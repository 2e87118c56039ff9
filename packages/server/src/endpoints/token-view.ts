// SPDX-License-Identifier: Apache-2.0
/** Tokens as the API shows them: seconds instead of milliseconds, and never more of the text than the caller knew. */
import type { TokenEntry } from "../tokens/token.ts";

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** The `auth` of an answer that makes or renews a token, which lives for `ttl` milliseconds from now. */
export function authView(entry: TokenEntry, token: string, ttl: number): object {
  return {
    client_token: token,
    accessor: entry.accessor,
    policies: entry.policies,
    token_policies: entry.policies,
    metadata: entry.meta,
    lease_duration: Math.round(ttl / 1000),
    renewable: entry.renewable,
    entity_id: "",
    token_type: entry.type,
    orphan: entry.parent === undefined,
    mfa_requirement: null,
    num_uses: entry.numUses,
  };
}

function leaseView({ created, expires, renewed, renewable }: TokenEntry, now: number): object {
  if (expires === undefined) return { expire_time: null, ttl: 0 };
  return {
    expire_time: rfc3339(expires),
    issue_time: rfc3339(created),
    renewable,
    ttl: seconds(expires - now),
    ...(renewed === undefined ? {} : { last_renewal: rfc3339(renewed), last_renewal_time: seconds(renewed) }),
  };
}

/** The `data` of a lookup at `now`. `token` is empty where the caller knew the accessor only. */
export function lookupView(entry: TokenEntry, token: string, now: number): object {
  return {
    accessor: entry.accessor,
    creation_time: seconds(entry.created),
    creation_ttl: seconds(entry.ttl),
    display_name: entry.displayName,
    entity_id: "",
    explicit_max_ttl: seconds(entry.explicitMaxTtl),
    id: token,
    meta: entry.meta,
    num_uses: entry.numUses,
    orphan: entry.parent === undefined,
    path: entry.path,
    ...(entry.period === 0 ? {} : { period: seconds(entry.period) }),
    policies: entry.policies,
    type: entry.type,
    ...leaseView(entry, now),
  };
}
