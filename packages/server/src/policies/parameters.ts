// SPDX-License-Identifier: Apache-2.0
/** What a policy asks of the fields of a request: `allowed_`, `denied_` and `required_parameters`. */
import { isDeepStrictEqual } from "node:util";

/** Values by field, in lower case. No values stand for any value; the field `*` stands for all others. */
export type ParameterValues = ReadonlyMap<string, readonly unknown[]>;

/** What a policy says about a request's fields. */
export interface ParameterRules {
  /** Empty allows every field. */
  readonly allowed: ParameterValues;
  readonly denied: ParameterValues;
  /** In lower case. */
  readonly required: readonly string[];
}

/** Every field may be given, with any value. */
export const NO_PARAMETER_RULES: ParameterRules = { allowed: new Map(), denied: new Map(), required: [] };

const EVERY_FIELD = "*";

/** Whether the rules ask for anything, so that the fields have to be read at all. */
export function restricts({ allowed, denied, required }: ParameterRules): boolean {
  return allowed.size + denied.size + required.length > 0;
}

function mergeValues(a: ParameterValues, b: ParameterValues): ParameterValues {
  const merged = new Map(a);
  for (const [field, values] of b) {
    const known = merged.get(field);
    const any = values.length === 0 || known?.length === 0;
    merged.set(field, any ? [] : [...values, ...(known ?? [])]);
  }
  return merged;
}

/** The rules of two policies for the same path: what either allows, denies or requires. */
export function mergeParameterRules(a: ParameterRules, b: ParameterRules): ParameterRules {
  return {
    allowed: mergeValues(a.allowed, b.allowed),
    denied: mergeValues(a.denied, b.denied),
    required: [...new Set([...a.required, ...b.required])],
  };
}

/** A text pattern with `*` at its beginning, its end or both. */
function globMatches(glob: string, text: string): boolean {
  if (glob === "*" || glob === "") return glob === "*" || text === "";
  const open = glob.startsWith("*");
  const close = glob.endsWith("*");
  const core = glob.slice(open ? 1 : 0, close ? -1 : undefined);
  if (open && close) return text.includes(core);
  if (open) return text.endsWith(core);
  return close ? text.startsWith(core) : text === core;
}

function isAmong(value: unknown, values: readonly unknown[]): boolean {
  if (values.length === 0) return true;
  return values.some((each) =>
    typeof each === "string" && typeof value === "string" ? globMatches(each, value) : isDeepStrictEqual(each, value),
  );
}

/** Whether a request with these fields obeys the rules. Whole numbers are bigints. */
export function permits(rules: ParameterRules, fields: Readonly<Record<string, unknown>>): boolean {
  const { allowed, denied, required } = rules;
  const given = Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (!required.every((name) => given.some(([field]) => field === name))) return false;
  if (given.length === 0) return true;
  if (denied.has(EVERY_FIELD)) return false;
  return given.every(([field, value]) => {
    const refused = denied.get(field);
    if (refused !== undefined && isAmong(value, refused)) return false;
    const accepted = allowed.get(field);
    if (accepted !== undefined) return isAmong(value, accepted);
    return allowed.size === 0 || allowed.has(EVERY_FIELD);
  });
}
