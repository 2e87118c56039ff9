// SPDX-License-Identifier: Apache-2.0
/** How long tokens live. Everything in milliseconds. */

/** The server's limits: `default_lease_ttl` and `max_lease_ttl`. */
export interface LeaseLimits {
  readonly defaultTtl: number;
  readonly maxTtl: number;
}

const VAULT_DEFAULT = 768 * 3_600_000;

const WORTH_A_WARNING = 1_000;

/** The limits of a configuration, where 0 is the same as not given. */
export function leaseLimits(config: {
  readonly default_lease_ttl: number;
  readonly max_lease_ttl: number;
}): LeaseLimits {
  return { defaultTtl: config.default_lease_ttl || VAULT_DEFAULT, maxTtl: config.max_lease_ttl || VAULT_DEFAULT };
}

/** What decides how long a token lives from now on. Zero is the same as not given. */
export interface TtlRequest {
  /** What a renewal asks for. */
  readonly increment?: number;
  /** What the token was made with, or is to be. */
  readonly ttl: number;
  readonly period: number;
  readonly explicitMaxTtl: number;
  readonly created: number;
}

/** How long a token lives. */
export interface Ttl {
  /** From now on; zero or less where the token is past its limit. */
  readonly ttl: number;
  readonly warnings: readonly string[];
}

/** A length of time as Go writes it, in whole seconds: `768h0m0s`, `1m0s`, `30s`. */
export function goDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

/** Zero limits nothing. */
function lesser(a: number, b: number): number {
  if (a === 0) return b;
  return b === 0 ? a : Math.min(a, b);
}

function tooLong(what: string, asked: number, limit: number): string {
  return (
    `${what} of ${JSON.stringify(goDuration(asked))} exceeded the effective max_ttl of ` +
    `${JSON.stringify(goDuration(limit))}; ${what} value is capped accordingly`
  );
}

/**
 * How long a token may live from `now` on: as long as was asked for, within the server's limit and its own, both
 * counted from its creation. A periodic token is bound by its own limit only, and its period by the server's.
 */
export function effectiveTtl(request: TtlRequest, limits: LeaseLimits, now: number): Ttl {
  const { increment = 0, period, explicitMaxTtl, created } = request;
  const warnings: string[] = [];
  let asked = increment || request.ttl || limits.defaultTtl;
  if (period > 0) {
    if (period > limits.maxTtl) warnings.push(tooLong("period", period, limits.maxTtl));
    asked = Math.min(period, limits.maxTtl);
  }
  const limit = period > 0 ? explicitMaxTtl : lesser(explicitMaxTtl, limits.maxTtl);
  if (limit === 0) return { ttl: asked, warnings };
  const left = created + limit - now;
  // A renewal right after the creation loses the moment in between, which is not worth a warning.
  if (asked - left >= WORTH_A_WARNING && left > 0) warnings.push(tooLong("TTL", asked, left));
  return { ttl: Math.min(asked, left), warnings };
}
