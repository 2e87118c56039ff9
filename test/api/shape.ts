// SPDX-License-Identifier: Apache-2.0
/** Compares an answer with the recorded one by its shape: keys, types, emptiness, numbers and booleans. */
import { isObject, type Json } from "./recording.ts";

/** Numbers that depend on the clock, or on how much a server has written. */
const OWN_NUMBERS: ReadonlySet<string> = new Set([
  "creation_time",
  "encryptions",
  "lease_duration",
  "server_time_utc",
  "ttl",
]);

function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function within(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

function compareObjects(
  recorded: { readonly [key: string]: Json },
  ours: { readonly [key: string]: Json },
  path: string,
): string[] {
  const missing = Object.keys(recorded).filter((key) => !Object.hasOwn(ours, key));
  const added = Object.keys(ours).filter((key) => !Object.hasOwn(recorded, key));
  const common = Object.keys(recorded).filter((key) => Object.hasOwn(ours, key));
  return [
    ...missing.map((key) => `${within(path, key)}: missing`),
    ...added.map((key) => `${within(path, key)}: added`),
    ...common.flatMap((key) => compareShapes(recorded[key] ?? null, ours[key] ?? null, within(path, key))),
  ];
}

function compareArrays(recorded: readonly Json[], ours: readonly Json[], path: string): string[] {
  const count =
    recorded.length === ours.length ? [] : [`${path}: ${recorded.length} elements recorded, ${ours.length} answered`];
  const common = recorded.slice(0, ours.length);
  return [...count, ...common.flatMap((each, index) => compareShapes(each, ours[index] ?? null, within(path, index)))];
}

/** One line per difference, each beginning with where it stands (keys joined by dots); no line where the shapes agree. */
export function compareShapes(recorded: Json, ours: Json, path = ""): string[] {
  if (typeOf(recorded) !== typeOf(ours)) return [`${path}: ${typeOf(recorded)} recorded, ${typeOf(ours)} answered`];
  if (Array.isArray(recorded) && Array.isArray(ours)) return compareArrays(recorded, ours, path);
  if (isObject(recorded) && isObject(ours)) return compareObjects(recorded, ours, path);
  if (typeof recorded === "string") {
    const [had, has] = [recorded === "" ? "empty" : "text", ours === "" ? "empty" : "text"];
    return had === has ? [] : [`${path}: ${had} recorded, ${has} answered`];
  }
  if (recorded === ours || OWN_NUMBERS.has(path.split(".").at(-1) ?? "")) return [];
  return [`${path}: ${recorded} recorded, ${ours} answered`];
}

/** The headers that clients go by; all others are a server's own. */
const HEADERS = ["Cache-Control", "Content-Type", "Location"];

/** One line per header that differs in its value. */
export function compareHeaders(
  recorded: Readonly<Record<string, string>>,
  ours: Readonly<Record<string, string | string[] | undefined>>,
): string[] {
  return HEADERS.flatMap((name) => {
    const [had, has] = [recorded[name], ours[name.toLowerCase()]];
    return had === has ? [] : [`${name}: ${had ?? "none"} recorded, ${has ?? "none"} answered`];
  });
}
