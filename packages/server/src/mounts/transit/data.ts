// SPDX-License-Identifier: Apache-2.0
/** `encrypt/<name>`, `decrypt/<name>` and `rewrap/<name>`. */
import type { ApiResponse } from "../../http/api.ts";
import { HttpError } from "../../http/problem.ts";
import type { TransitCall } from "./call.ts";
import { decryptText, encryptText, parseCiphertext } from "./ciphertext.ts";
import { associatedDataOf, ciphertextOf, forEachItem, type Item, plaintextOf } from "./items.ts";
import { checkDecryption, type NamedKey, newNamedKey, versionToEncrypt } from "./named-key.ts";

async function existingKey({ keys, name }: TransitCall): Promise<NamedKey> {
  const key = await keys.get(name);
  if (key === undefined) throw new HttpError(400, "encryption key not found");
  return key;
}

/** The key, made now where there is none: whether the token may, was asked with the capability `create`. */
async function keyToEncrypt({ keys, name, alone, now }: TransitCall): Promise<NamedKey> {
  const found = await keys.get(name);
  if (found !== undefined) return found;
  return alone(async () => {
    const meanwhile = await keys.get(name);
    if (meanwhile !== undefined) return meanwhile;
    const key = newNamedKey(now());
    await keys.putWithNewVersion(name, key);
    return key;
  });
}

async function encryptItem(
  { keys, name }: TransitCall,
  key: NamedKey,
  asked: number,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Promise<object> {
  const version = versionToEncrypt(key, asked);
  const material = await keys.material(name, key, version);
  return { ciphertext: encryptText(material, version, plaintext, associatedData), key_version: version };
}

/** The plaintext of an item, the caller's to wipe. */
async function decryptItem(call: TransitCall, key: NamedKey, item: Item): Promise<Buffer> {
  const { version, sealed } = parseCiphertext(ciphertextOf(item));
  checkDecryption(key, version);
  return decryptText(await call.keys.material(call.name, key, version), sealed, associatedDataOf(item));
}

/** POST: the ciphertext of base64 `plaintext`. A key that is not there yet is made, as in Vault. */
export function encryptData(call: TransitCall): Promise<ApiResponse> {
  return forEachItem(call.request, async (item) => {
    // Read first: a refused item makes no key.
    const [associatedData, plaintext] = [associatedDataOf(item), plaintextOf(item)];
    try {
      return await encryptItem(call, await keyToEncrypt(call), item.key_version, plaintext, associatedData);
    } finally {
      plaintext.fill(0);
    }
  });
}

/** POST: the base64 plaintext of `ciphertext`. */
export async function decryptData(call: TransitCall): Promise<ApiResponse> {
  const key = await existingKey(call);
  return forEachItem(call.request, async (item) => {
    const plaintext = await decryptItem(call, key, item);
    const text = plaintext.toString("base64");
    plaintext.fill(0);
    return { plaintext: text };
  });
}

/** POST: `ciphertext` under the latest version, or `key_version`, without showing the plaintext to anybody. */
export async function rewrapData(call: TransitCall): Promise<ApiResponse> {
  const key = await existingKey(call);
  return forEachItem(call.request, async (item) => {
    const plaintext = await decryptItem(call, key, item);
    try {
      return await encryptItem(call, key, item.key_version, plaintext, associatedDataOf(item));
    } finally {
      plaintext.fill(0);
    }
  });
}
