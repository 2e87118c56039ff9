// SPDX-License-Identifier: Apache-2.0
/** `keys/<name>`, `keys/<name>/rotate` and `keys/<name>/config`: making, changing and removing keys. */
import * as z from "zod";
import type { ApiResponse } from "../../http/api.ts";
import { readFields } from "../../http/body.ts";
import { HttpError } from "../../http/problem.ts";
import { dataResponse, noContent } from "../../http/respond.ts";
import { bool, duration, integer } from "../fields.ts";
import { checkType, refuseUnserved, type TransitCall } from "./call.ts";
import type { TransitKeyStore } from "./key-store.ts";
import { KEY_TYPE, latestVersion, type NamedKey, namedKeyView, newNamedKey, withNextVersion } from "./named-key.ts";

const text = z.string({ error: "expected a text" });

/** What Vault can do with keys and this engine does not: key material never leaves it. */
const unserved = {
  exportable: bool.optional(),
  allow_plaintext_backup: bool.optional(),
  auto_rotate_period: duration.optional(),
};
/** What making a key takes. */
export const createBody = z.object({
  type: text.default(KEY_TYPE),
  ...unserved,
  derived: bool.optional(),
  convergent_encryption: bool.optional(),
  key_size: integer.optional(),
});
/** What a write to a key's configuration takes. */
export const configBody = z.object({
  min_decryption_version: integer.optional(),
  min_encryption_version: integer.optional(),
  deletion_allowed: bool.optional(),
  ...unserved,
});

/** The names of a mount's keys. */
export async function listKeys(keys: TransitKeyStore): Promise<ApiResponse> {
  const names = await keys.names();
  if (names.length === 0) throw new HttpError(404);
  return dataResponse({ keys: names });
}

/** POST: a new key. One that is there already stays as it is. */
export async function createKey(call: TransitCall): Promise<ApiResponse> {
  const { type, ...fields } = readFields(call.request.text, createBody);
  checkType(type);
  refuseUnserved(fields);
  return call.alone(async () => {
    const found = await call.keys.get(call.name);
    if (found !== undefined) {
      const warnings = [`key ${call.name} already existed`];
      return dataResponse(namedKeyView(call.name, found), { warnings });
    }
    const key = newNamedKey(call.now());
    await call.keys.putWithNewVersion(call.name, key);
    return dataResponse(namedKeyView(call.name, key));
  });
}

/** GET: what is known of a key, without its material. */
export async function readKey({ keys, name }: TransitCall): Promise<ApiResponse> {
  const key = await keys.get(name);
  if (key === undefined) throw new HttpError(404);
  return dataResponse(namedKeyView(name, key));
}

/** DELETE: removes a key whose configuration allows it, and with it all that it encrypted. */
export async function deleteKey({ keys, name, alone }: TransitCall): Promise<ApiResponse> {
  const refuse = (why: string): never => {
    throw new HttpError(400, `error deleting policy ${name}: ${why}`);
  };
  return alone(async () => {
    const key = (await keys.get(name)) ?? refuse("could not delete key; not found");
    if (!key.deletionAllowed) refuse("deletion is not allowed for this key");
    await keys.remove(name, key);
    return noContent();
  });
}

/** POST `rotate`: one more version, which encrypts from now on. */
export async function rotateKey(call: TransitCall): Promise<ApiResponse> {
  return call.alone(async () => {
    const found = await call.keys.get(call.name);
    if (found === undefined) throw new HttpError(400, "key not found");
    const key = withNextVersion(found, call.now());
    await call.keys.putWithNewVersion(call.name, key);
    return dataResponse(namedKeyView(call.name, key));
  });
}

function checkMinimum(kind: "decryption" | "encryption", version: number, key: NamedKey): void {
  if (version < 0) throw new HttpError(400, `min ${kind} version cannot be negative`);
  const latest = latestVersion(key);
  if (version <= latest) return;
  throw new HttpError(400, `cannot set min ${kind} version of ${version}, latest key version is ${latest}`);
}

/** `key` with other minima. Throws 400, in Vault's words, where they are out of range or contradict each other. */
function withMinima(key: NamedKey, minDecryption: number, minEncryption: number): NamedKey {
  checkMinimum("decryption", minDecryption, key);
  checkMinimum("encryption", minEncryption, key);
  if (minEncryption > 0 && minEncryption < minDecryption) {
    throw new HttpError(
      400,
      `cannot set min encryption/decryption values; min encryption version of ${minEncryption} must be greater than ` +
        `or equal to min decryption version of ${minDecryption}`,
    );
  }
  // Versions count from 1, and 0 has meant the same since.
  return { ...key, minDecryption: Math.max(1, minDecryption), minEncryption };
}

/** POST `config`: which versions may be used, and whether the key may be deleted. What is not given stays. */
export async function configureKey(call: TransitCall): Promise<ApiResponse> {
  const {
    min_decryption_version: minDecryption,
    min_encryption_version: minEncryption,
    deletion_allowed: deletionAllowed,
    ...others
  } = readFields(call.request.text, configBody);
  refuseUnserved(others);
  return call.alone(async () => {
    const found = await call.keys.get(call.name);
    if (found === undefined) throw new HttpError(400, `no existing key named ${call.name} could be found`);
    const key: NamedKey = {
      ...withMinima(found, minDecryption ?? found.minDecryption, minEncryption ?? found.minEncryption),
      deletionAllowed: deletionAllowed ?? found.deletionAllowed,
    };
    await call.keys.put(call.name, key);
    return dataResponse(namedKeyView(call.name, key));
  });
}
