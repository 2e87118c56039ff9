// SPDX-License-Identifier: Apache-2.0
import { encrypt, guardSeal, NO_AAD, nonceApart, openAead, type Seal } from "@sealwright/seal";
import type { StaticKeys } from "./config.ts";
import { keyMissing, namesNoKey } from "./errors.ts";

/**
 * A seal under the current key; the previous one, if there is one, only unwraps. Keys are copied, and the copies wiped
 * on `close`. Its blobs hold the nonce in `iv` and the id of the key in the key info.
 */
export function openStaticSeal(keys: StaticKeys): Seal {
  const byId = new Map([keys.current, ...keys.previous].map(({ id, key }) => [id, Uint8Array.from(key)]));
  const { id: currentId } = keys.current;
  const currentKey = byId.get(currentId)!;
  return guardSeal({
    type: "static",
    async wrap(plaintext, call) {
      const sealed = encrypt(currentKey, plaintext, call?.aad ?? NO_AAD);
      return { ...nonceApart(sealed), keyInfo: { keyId: currentId } };
    },
    async unwrap(blob, call) {
      const id = blob.keyInfo?.keyId;
      if (id === undefined || id === "") throw namesNoKey();
      const key = byId.get(id);
      if (key === undefined) throw keyMissing(id, [...byId.keys()]);
      return openAead(key, blob, call?.aad);
    },
    async close() {
      for (const key of byId.values()) key.fill(0);
    },
  });
}
