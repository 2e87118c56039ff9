// SPDX-License-Identifier: Apache-2.0
/** What users note beside a key: a few short texts by name. */
import { HttpError } from "../../http/problem.ts";

const MOST = 64;
const LONGEST_NAME = 128;
const LONGEST_VALUE = 512;
const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

type Pairs = (readonly [string, string])[];

function refuse(why: string): never {
  throw new HttpError(400, `custom_metadata validation failed: ${why}`);
}

function check(what: string, text: string, longest: number): void {
  const length = Buffer.byteLength(text);
  if (length === 0 || length > longest) refuse(`the ${what} has ${length} bytes, and 1 to ${longest} are allowed`);
  if (!PRINTABLE.test(text)) refuse(`the ${what} contains unprintable characters`);
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value))) return String(value);
  return refuse(`the value of ${JSON.stringify(name)} must be text`);
}

/** The members of a request's `custom_metadata`; a null value stays null. Throws 400. */
function membersOf(given: unknown): [string, unknown][] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) refuse("it must be an object of texts");
  return Object.entries(given);
}

function checked(pairs: Pairs): [string, string][] {
  if (pairs.length > MOST) refuse(`it has ${pairs.length} names, and ${MOST} are allowed`);
  return pairs.map(([name, value]) => {
    check(`name ${JSON.stringify(name.slice(0, LONGEST_NAME))}`, name, LONGEST_NAME);
    check(`value of ${JSON.stringify(name)}`, value, LONGEST_VALUE);
    return [name, value];
  });
}

/** The pairs of a `custom_metadata` that replaces what was there. Throws 400. */
export function readCustomMetadata(given: unknown): [string, string][] {
  return checked(membersOf(given).map(([name, value]) => [name, textOf(name, value)]));
}

/** `before` with the members of a merge patch put in, and those that are null taken out. Throws 400. */
export function patchCustomMetadata(before: Readonly<Pairs> | null, given: unknown): [string, string][] {
  const pairs = new Map(before ?? []);
  for (const [name, value] of membersOf(given)) {
    if (value === null) pairs.delete(name);
    else pairs.set(name, textOf(name, value));
  }
  return checked([...pairs]);
}
