// SPDX-License-Identifier: Apache-2.0
/**
 * What an audit line shows of a request and of its answer: these fields and no others, each only in a form that no share,
 * token or key can have. What is not listed is not written, not even as a hash.
 */

/** A value as it is shown, or undefined where it is not. */
type Shown = (value: unknown) => unknown;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FINGERPRINT = /^[0-9a-f]{40}([0-9a-f]{24})?$/i;
/** A period such as 24h30m; too short for a secret. */
const PERIOD = /^[0-9.hmsdnuµ-]{1,16}$/;
const SEAL_TYPE = /^[a-z0-9]{1,20}$/;
/** A seal's name, no longer than half a share in hex is. */
const SEAL_NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/i;

const count: Shown = (value) => (typeof value === "number" ? value : undefined);
const flag: Shown = (value) => (typeof value === "boolean" ? value : undefined);
const textLike =
  (pattern: RegExp): Shown =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? value : undefined;
const nonce = textLike(UUID);
const fingerprint = textLike(FINGERPRINT);
const fingerprints: Shown = (value) =>
  Array.isArray(value) && value.every((each) => fingerprint(each) !== undefined) ? value : undefined;
const period: Shown = (value) => count(value) ?? textLike(PERIOD)(value);

const REQUEST: Readonly<Record<string, Shown>> = {
  secret_shares: count,
  secret_threshold: count,
  recovery_shares: count,
  recovery_threshold: count,
  stored_shares: count,
  nonce,
  reset: flag,
  migrate: flag,
  dry_run: flag,
  accept_weaker: flag,
  force: flag,
  name: textLike(SEAL_NAME),
  to: textLike(SEAL_NAME),
  seal: textLike(SEAL_NAME),
  backup: flag,
  require_verification: flag,
  compromised: flag,
  max_operations: count,
  interval: period,
  enabled: flag,
};

const RESPONSE: Readonly<Record<string, Shown>> = {
  type: textLike(SEAL_TYPE),
  initialized: flag,
  sealed: flag,
  started: flag,
  complete: flag,
  t: count,
  n: count,
  progress: count,
  required: count,
  nonce,
  backup: flag,
  verification_required: flag,
  verification_nonce: nonce,
  pgp_fingerprint: fingerprint,
  pgp_fingerprints: fingerprints,
};

function objectIn(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined || text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // What is no JSON is refused elsewhere, and nothing of it is shown.
    return {};
  }
}

function pick(object: Readonly<Record<string, unknown>>, fields: Readonly<Record<string, Shown>>): object {
  const shown = Object.entries(fields).map(([name, show]) => [name, show(object[name])] as const);
  return Object.fromEntries(shown.filter(([, value]) => value !== undefined));
}

/** What is shown of a request's body, and of the nonce in its query. */
export function requestData(text: string, query: URLSearchParams): object {
  return pick({ nonce: query.get("nonce"), ...objectIn(text) }, REQUEST);
}

/** What is shown of an answer's body: of its `data` where it has one. */
export function responseData(json: string | undefined): Readonly<Record<string, unknown>> {
  const body = objectIn(json);
  const { data } = body;
  const fields = typeof data === "object" && data !== null ? { ...body, ...data } : body;
  return { ...pick(fields, RESPONSE) };
}
