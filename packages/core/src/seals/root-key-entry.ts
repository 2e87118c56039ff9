// SPDX-License-Identifier: Apache-2.0
/**
 * The root key as each seal keeps it. The first seal's entry is the one that OpenBao reads, a JSON list of the key. Every
 * other one holds JSON `{"path", "seal", "generation", "key"}`: that binds the blob to its place from within, since RSA
 * and Transit take no additional data.
 */
import type { KeyObject } from "node:crypto";
import { encodeBlob, KEY_BYTES, type Seal } from "@sealwright/seal";
import * as z from "zod";
import { CoreError } from "../errors.ts";
import { STORED_KEYS } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import { keyOfBase64, readRootKey, sealRootKey, unwrapEntry } from "../stored-keys.ts";

/** A seal, and the entry in which it keeps the root key. */
export interface Slot {
  readonly name: string;
  readonly path: string;
  readonly seal: Seal;
  /** Of the root key that it should keep, by the storage's record; the first seal's entry does not say its own. */
  readonly generation: number;
}

const bound = z.object({
  path: z.string(),
  seal: z.string(),
  generation: z.int().min(0),
  key: z.base64().length(Math.ceil(KEY_BYTES / 3) * 4),
});
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The change that writes `rootKey`, wrapped by the seal of `slot`. Rejects with what the seal rejects with. */
export async function rootKeyChange(
  { name, path, seal, generation }: Slot,
  rootKey: KeyObject,
  signal?: AbortSignal,
): Promise<Change> {
  if (path === STORED_KEYS) return { op: "put", path, value: await sealRootKey(seal, rootKey, signal) };
  const bytes = rootKey.export();
  const plaintext = Buffer.from(JSON.stringify({ path, seal: name, generation, key: bytes.toString("base64") }));
  try {
    return { op: "put", path, value: encodeBlob(await seal.wrap(plaintext, signal === undefined ? {} : { signal })) };
  } finally {
    bytes.fill(0);
    plaintext.fill(0);
  }
}

/**
 * The root key that the seal of `slot` keeps. Rejects with `STORAGE_INCOMPLETE` where there is none, `WRONG_SEAL` where
 * the seal does not open it, `ENTRY_CORRUPT` where it opens to what is not for this seal and place, or a `SealError`.
 */
export async function readRootKeyOf(storage: Storage, slot: Slot, signal?: AbortSignal): Promise<KeyObject> {
  const { path, seal } = slot;
  if (path === STORED_KEYS) return readRootKey(storage, seal, signal);
  const plaintext = await unwrapEntry(storage, path, seal, signal);
  try {
    const content = bound.parse(JSON.parse(strictUtf8.decode(plaintext)));
    const fault = faultOf(content, slot);
    if (fault === undefined) return keyOfBase64(content.key);
    throw new CoreError("ENTRY_CORRUPT", `${path} holds ${fault}`);
  } catch (error) {
    if (error instanceof CoreError) throw error;
    // The cause would quote the root key.
    throw new CoreError("ENTRY_CORRUPT", `${path} unwraps, but its content is not a root key`);
  } finally {
    plaintext.fill(0);
  }
}

/** What is wrong with where or when a root key was wrapped, if anything. */
function faultOf(content: z.output<typeof bound>, { name, path, generation }: Slot): string | undefined {
  if (content.path !== path || content.seal !== name) return "what was wrapped for another seal or another place";
  if (content.generation === generation) return undefined;
  return `the root key number ${content.generation} where the storage has number ${generation}: the seal missed it`;
}
