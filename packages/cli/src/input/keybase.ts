// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import { objectField, textField } from "../http/fields.ts";
import type { Io } from "../io.ts";
import { isObject, parseJson } from "../output/json-text.ts";

const DEFAULT_ADDRESS = "https://keybase.io";
/** Names the variable that sets another address, for machines that reach Keybase through a mirror. */
const ADDRESS_VARIABLE = "SEALWRIGHT_KEYBASE_ADDR";
const TIMEOUT_MS = 30_000;

/** Fetches the primary public key of each user, as base64 of its armored text. Throws `UsageError`. */
export async function fetchKeybaseKeys(users: readonly string[], env: Io["env"]): Promise<ReadonlyMap<string, string>> {
  if (users.length === 0) return new Map();
  const address = env[ADDRESS_VARIABLE] || DEFAULT_ADDRESS;
  const people = peopleIn(await fetchText(address, users), address);
  return new Map(users.map((user, at) => [user, keyOf(people[at], user)]));
}

async function fetchText(address: string, users: readonly string[]): Promise<string> {
  try {
    const url = new URL("/_/api/1.0/user/lookup.json", address);
    url.search = String(new URLSearchParams({ usernames: users.join(","), fields: "public_keys" }));
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return await response.text();
  } catch (error) {
    throw new UsageError(
      `cannot fetch PGP keys from ${address} (${reason(error)}): save them to files and name those, or set ${ADDRESS_VARIABLE}`,
      { cause: error },
    );
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function peopleIn(text: string, address: string): readonly unknown[] {
  try {
    const body = parseJson(text);
    if (isObject(body) && Array.isArray(body.them)) return body.them;
  } catch {
    // Told below, like JSON of another shape.
  }
  throw new UsageError(`the answer of ${address} is not a list of Keybase users`);
}

function keyOf(person: unknown, user: string): string {
  const keys = isObject(person) ? objectField(person, "public_keys") : undefined;
  const armored = textField(objectField(keys ?? {}, "primary") ?? {}, "bundle");
  if (armored === "") throw new UsageError(`keybase user ${JSON.stringify(user)} does not exist or has no PGP key`);
  return Buffer.from(armored, "utf8").toString("base64");
}
