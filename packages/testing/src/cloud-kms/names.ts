// SPDX-License-Identifier: Apache-2.0
/** Resource names, from `projects/P/locations/L` down to `…/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1`. */
import { invalidArgument } from "./status.ts";

const LOCATION = "projects/[^/]+/locations/[a-z0-9-]+";
const KEY_RING = `${LOCATION}/keyRings/[\\w-]{1,63}`;
const CRYPTO_KEY = `${KEY_RING}/cryptoKeys/[\\w-]{1,63}`;
const VERSION = `${CRYPTO_KEY}/cryptoKeyVersions/[1-9]\\d*`;

const PATTERNS = {
  Location: new RegExp(`^${LOCATION}$`),
  KeyRing: new RegExp(`^${KEY_RING}$`),
  CryptoKey: new RegExp(`^${CRYPTO_KEY}$`),
  CryptoKeyVersion: new RegExp(`^${VERSION}$`),
} as const;

/** The kinds of resources, as messages call them. */
export type ResourceKind = keyof typeof PATTERNS;

/** Whether `name` is the name of a resource of `kind`, there or not. */
export function isNameOf(kind: ResourceKind, name: string): boolean {
  return PATTERNS[kind].test(name);
}

/** `name`, which must be one of `kind`: `INVALID_ARGUMENT` otherwise. */
export function checkName(kind: ResourceKind, name: string): string {
  if (isNameOf(kind, name)) return name;
  throw invalidArgument(`Resource name [${name}] does not match the pattern of a ${kind}.`);
}

/** The id of a new key ring or key: letters, digits, `_` and `-`, at most 63. `INVALID_ARGUMENT` otherwise. */
export function checkId(field: string, id: string): string {
  if (/^[\w-]{1,63}$/.test(id)) return id;
  throw invalidArgument(`${field} [${id}] does not match [a-zA-Z0-9_-]{1,63}.`);
}

/** The name of what holds the resource `name`: two segments fewer. */
export function parentOf(name: string): string {
  return name.split("/").slice(0, -2).join("/");
}

/** The location in a resource's name, such as `europe-west3`; undefined where it has none. */
export function locationOf(name: string): string | undefined {
  return /^projects\/[^/]+\/locations\/([^/]+)/.exec(name)?.[1];
}

/** The key of a version's name; a key's own name. */
export function cryptoKeyOf(name: string): string {
  return name.replace(/\/cryptoKeyVersions\/[^/]*$/, "");
}
