// SPDX-License-Identifier: Apache-2.0
/** The fields that make and tune mounts, as Vault's clients send them. */
import * as z from "zod";
import { HttpError } from "../http/problem.ts";
import { bool, duration } from "../mounts/fields.ts";
import { type Mount, type MountConfig, type MountType, NO_CONFIG } from "../mounts/mount.ts";

const texts = z.array(z.string({ error: "expected a list of texts" }), { error: "expected a list of texts" });

/** `system`, like an empty text, stands for the server's own lease durations. */
const lease = z.preprocess((value) => (value === "system" ? "" : value), duration);

const configFields = {
  default_lease_ttl: lease.optional(),
  max_lease_ttl: lease.optional(),
  listing_visibility: z.enum(["", "hidden", "unauth"], { error: 'expected "hidden" or "unauth"' }).optional(),
  audit_non_hmac_request_keys: texts.optional(),
  audit_non_hmac_response_keys: texts.optional(),
  passthrough_request_headers: texts.optional(),
  allowed_response_headers: texts.optional(),
};

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: "expected a text" }).transform(String);
const options = z.record(z.string(), scalar, { error: "expected an object of texts" });
const text = z.string({ error: "expected a text" });

/** Go's decoder takes null for absent inside of objects too. */
const withoutNulls = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))
    : value;

/** The body of a request that mounts an engine. */
export const mountBody = z.object({
  type: text.default(""),
  description: text.default(""),
  config: z.preprocess(withoutNulls, z.object({ ...configFields, force_no_cache: bool.optional() })).optional(),
  options: options.optional(),
  local: bool.default(false),
  seal_wrap: bool.default(false),
  external_entropy_access: bool.default(false),
});

/** The body of a request that changes what a mount is set to. */
export const tuneBody = z.object({ ...configFields, description: text.optional(), options: options.optional() });

const VERSIONS = ["1", "2"];
/** The names under which engines can be asked for; some stand for a version of key/value. */
const TYPES: Readonly<Record<string, { readonly type: MountType; readonly version?: string }>> = {
  kv: { type: "kv" },
  "kv-v1": { type: "kv", version: "1" },
  "kv-v2": { type: "kv", version: "2" },
  generic: { type: "kv", version: "1" },
  transit: { type: "transit" },
};

function refuseVersion(version: string | undefined): void {
  if (version === undefined || VERSIONS.includes(version)) return;
  throw new HttpError(400, `invalid version provided: ${JSON.stringify(version)}; key/value has versions 1 and 2`);
}

function refuseLower(before: string, version: string | undefined): void {
  refuseVersion(version);
  if (version === undefined || version >= before) return;
  throw new HttpError(400, `cannot downgrade mount from version ${before}`);
}

/** Fields of a mount's configuration as a request gives them. */
type GivenConfig = { readonly [Name in keyof MountConfig]?: MountConfig[Name] | undefined };

/** `before` with the given fields in place; those that are undefined change nothing. Throws 400. */
export function applyConfig(before: MountConfig, given: GivenConfig | undefined): MountConfig {
  const set = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  const { listing_visibility, ...config }: MountConfig = { ...before, ...Object.fromEntries(set) };
  const { default_lease_ttl: lease, max_lease_ttl: longest } = config;
  if (longest > 0 && lease > longest) {
    throw new HttpError(400, `the default lease of ${lease} s is longer than the longest allowed, ${longest} s`);
  }
  return listing_visibility ? { ...config, listing_visibility } : config;
}

/** The engine and the options of a new mount, asked for as `name`. Throws 400 for a type or version not served. */
export function newEngine(
  name: string,
  given: Record<string, string> | undefined,
): { type: MountType; options: Mount["options"] } {
  if (name === "") throw new HttpError(400, "backend type must be specified as a string");
  const known = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (known === undefined) throw new HttpError(400, `plugin not found in the catalog: ${name}`);
  const { type, version } = known;
  const options = version === undefined ? given : { ...given, version };
  if (type === "kv") refuseVersion(options?.version);
  return { type, options: options === undefined || Object.keys(options).length === 0 ? null : options };
}

/** The options of a mount after tuning: an empty text takes one away. Throws 400 for a lower version. */
export function tunedOptions(
  { type, options: before }: Mount,
  given: Record<string, string> | undefined,
): Mount["options"] {
  if (given === undefined || Object.keys(given).length === 0) return before;
  if (type === "kv") refuseLower(before?.version ?? "1", given.version);
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ""));
}

/** The configuration of a new mount. Throws 400. */
export function newConfig(given: GivenConfig | undefined): MountConfig {
  return applyConfig(NO_CONFIG, given);
}
