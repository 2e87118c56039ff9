// SPDX-License-Identifier: Apache-2.0
/** What a request for a new token asks for, and what its maker may have: the rules of `auth/token/create`. */
import * as z from "zod";
import { parseDuration } from "../config/index.ts";
import { int } from "../http/body.ts";
import { HttpError } from "../http/problem.ts";
import type { KnownToken, TokenEntry, TokenType } from "./token.ts";
import { effectiveTtl, type LeaseLimits } from "./ttl.ts";

const flag = z.boolean({ error: "expected true or false" });
const text = z.string({ error: "expected a text" });
/** Go's durations, or seconds. Empty is the same as not given. */
const duration = z.union([z.string(), z.number()], { error: "expected a duration such as 1h, or a number of seconds" });
const list = z.union([z.array(text), text.transform((one) => [one])], { error: "expected a list of texts" });

/** The fields of `auth/token/create`. */
export const tokenFields = z.object({
  id: text.default(""),
  policies: list.default([]),
  meta: z.record(z.string(), text, { error: "expected an object of texts" }).optional(),
  no_parent: flag.default(false),
  no_default_policy: flag.default(false),
  renewable: flag.default(true),
  ttl: duration.default(""),
  lease: duration.default(""),
  explicit_max_ttl: duration.default(""),
  period: duration.default(""),
  display_name: text.default(""),
  num_uses: int.default(0),
  type: text.default("service"),
  entity_alias: text.default(""),
});

/** The fields of a request for a token, with their defaults. */
export type TokenFields = z.output<typeof tokenFields>;

/** Who asks, and where. */
export interface Maker {
  readonly token: KnownToken;
  /** Whether the maker's policies grant `sudo` on `path`. */
  readonly sudo: boolean;
  /** `auth/token/create` or `auth/token/create-orphan`. */
  readonly path: string;
  /** Whether what is made at `path` has no parent whatever the fields say. */
  readonly orphan: boolean;
}

/** A token to be: its entry without the accessor that it gets when it is made. */
export interface TokenPlan {
  readonly entry: TokenEntry;
  /** The token's own text where the maker chose it. */
  readonly chosen: string | undefined;
  readonly warnings: readonly string[];
}

function refuse(sentence: string): never {
  throw new HttpError(400, sentence);
}

/** The milliseconds of a duration in a request; 0 where it is empty. Throws 400 with Go's sentence. */
export function readDuration(given: string | number, name: string): number {
  if (given === "") return 0;
  if (/^-/.test(String(given).trim())) refuse(`${name} must be positive`);
  return parseDuration(given) ?? refuse(`time: invalid duration ${JSON.stringify(String(given))}`);
}

function tokenType(fields: TokenFields): TokenType {
  if (fields.type === "" || fields.type === "service") return "service";
  if (fields.type !== "batch") refuse("invalid 'token_type' value: expected service or batch");
  const given = {
    explicit_max_ttl: readDuration(fields.explicit_max_ttl, "explicit_max_ttl"),
    num_uses: fields.num_uses,
    period: readDuration(fields.period, "period"),
  };
  for (const [name, value] of Object.entries(given)) {
    if (value !== 0) refuse(`batch tokens cannot have ${JSON.stringify(name)} set`);
  }
  return "batch";
}

/** Trimmed, in lower case, once each, sorted; `root` leaves no other beside it. */
function normalize(policies: readonly string[]): string[] {
  const names = [...new Set(policies.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""))].sort();
  return names.includes("root") ? ["root"] : names;
}

function policiesFor(fields: TokenFields, { token, sudo }: Maker): string[] {
  const inherited = token.entry.policies;
  const asked = normalize(fields.policies);
  if (!sudo && asked.some((name) => !inherited.includes(name) && !inherited.includes("root"))) {
    refuse("child policies must be subset of parent");
  }
  if (fields.no_default_policy)
    return (asked.length === 0 ? [...inherited] : asked).filter((name) => name !== "default");
  if (asked.length === 0) return [...inherited];
  const withDefault = sudo || inherited.includes("default");
  return normalize(withDefault ? [...asked, "default"] : asked);
}

function checkRoot(policies: readonly string[], type: TokenType, ttl: number, parent: TokenEntry): void {
  if (!policies.includes("root")) return;
  if (!parent.policies.includes("root")) refuse("root tokens may not be created without parent token being root");
  if (type === "batch") refuse("batch tokens cannot be root tokens");
  if (ttl === 0 && parent.expires !== undefined) {
    refuse("expiring root tokens cannot create non-expiring root tokens");
  }
}

function displayName(given: string): string {
  return given === "" ? "token" : `token-${given}`.replace(/[^a-zA-Z0-9-]/g, "-").replace(/-$/, "");
}

const LONGEST_CHOSEN = 128;

/** The token's own text, which only the policy `root` may choose. */
function chosenText(id: string, { token }: Maker): string | undefined {
  if (id === "") return undefined;
  if (!token.entry.policies.includes("root")) refuse("root privileges required to specify token id");
  if (/^[!-~]+$/.test(id) && !id.includes(".") && id.length <= LONGEST_CHOSEN) return id;
  return refuse(`a token id has 1 to ${LONGEST_CHOSEN} printable characters and no dot or space`);
}

/** Throws 400 for what nobody gets, or not this maker. */
function checkMaker(fields: TokenFields, { token, sudo }: Maker): void {
  if (token.entry.type === "batch") refuse("batch tokens cannot create more tokens");
  if (token.entry.numUses > 0) refuse("restricted use token cannot generate child tokens");
  if (fields.num_uses < 0) refuse("number of uses cannot be negative");
  if (fields.entity_alias !== "") refuse("'entity_alias' is only allowed in combination with token role");
  if (fields.no_parent && !sudo) refuse("root or sudo privileges required to create orphan token");
  if (readDuration(fields.period, "period") > 0 && !sudo) {
    refuse("root or sudo privileges required to create periodic token");
  }
}

/** The token that `fields` describe, made by `maker` at `now` (milliseconds). Throws 400 with Vault's sentences. */
export function planToken(fields: TokenFields, maker: Maker, limits: LeaseLimits, now: number): TokenPlan {
  checkMaker(fields, maker);
  const type = tokenType(fields);
  const policies = policiesFor(fields, maker);
  const period = readDuration(fields.period, "period");
  const explicitMaxTtl = readDuration(fields.explicit_max_ttl, "explicit_max_ttl");
  const asked = readDuration(fields.ttl, "ttl") || readDuration(fields.lease, "lease");
  const forever = policies.includes("root") && asked === 0 && period === 0;
  const { ttl, warnings } = forever
    ? { ttl: explicitMaxTtl, warnings: [] }
    : effectiveTtl({ ttl: asked, period, explicitMaxTtl, created: now }, limits, now);
  checkRoot(policies, type, ttl, maker.token.entry);
  const orphan = maker.orphan || fields.no_parent;
  const entry: TokenEntry = {
    type,
    accessor: "",
    policies,
    displayName: displayName(fields.display_name),
    path: maker.path,
    meta: fields.meta ?? null,
    ...(orphan ? {} : { parent: maker.token.id }),
    created: now,
    ttl,
    ...(ttl === 0 ? {} : { expires: now + ttl }),
    renewable: fields.renewable && type === "service" && ttl !== 0,
    explicitMaxTtl,
    period,
    numUses: fields.num_uses,
  };
  return { entry, chosen: chosenText(fields.id, maker), warnings };
}
