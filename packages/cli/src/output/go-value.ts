// SPDX-License-Identifier: Apache-2.0
import { membersOf, sortMembers } from "./json-text.ts";

/** A value as Go's `%v` prints it, which is what stands in Vault's tables: `<nil>`, `[a b]`, `map[k:v]`. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  const members = membersOf(value);
  if (members === undefined) return String(value);
  return `map[${sortMembers(members)
    .map(([key, member]) => `${key}:${goValue(member)}`)
    .join(" ")}]`;
}

/** A list of texts as Go's `%q` prints it: `["default" "p1"]`. */
export function goQuotedList(values: readonly unknown[]): string {
  return `[${values.map((value) => JSON.stringify(String(value))).join(" ")}]`;
}
