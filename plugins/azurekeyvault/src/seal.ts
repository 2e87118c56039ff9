// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, openEnvelope, type Seal, sealEnvelope } from "@sealwright/seal";
import { nameOf, noSuchVersion, type Target } from "./errors.ts";
import type { VaultKey } from "./vault-key.ts";

/** What Key Vault calls the versions of its keys. */
const VERSION = /^[0-9a-zA-Z]{1,64}$/;
const BASE64URL = /^[\w-]+$/;

/** The bytes of a wrapped data key: old blobs have them as unpadded base64url text. */
function rawBytes(wrappedKey: Uint8Array): Buffer {
  const bytes = Buffer.from(wrappedKey);
  const text = bytes.toString("latin1");
  return BASE64URL.test(text) ? Buffer.from(text, "base64url") : bytes;
}

/**
 * A seal that asks the vault once for each wrap and unwrap. Its blobs are envelopes; the key id is the version of the key
 * that wrapped the data key: the newest one then, which is asked to unwrap it.
 */
export function openAzureKeyVaultSeal(target: Target, vaultKey: VaultKey): Seal {
  const seal: Seal = {
    type: "azurekeyvault",
    wrap: (plaintext, call) =>
      sealEnvelope(plaintext, call?.aad ?? NO_AAD, async (dataKey) => {
        const { version, value } = await vaultKey.wrap(dataKey, call?.signal);
        return { keyId: version, wrappedKey: value };
      }),
    unwrap: (blob, call) =>
      openEnvelope(blob, call?.aad ?? NO_AAD, async (wrappedKey, { keyId }) => {
        if (!VERSION.test(keyId)) throw noSuchVersion(target, keyId);
        return (await vaultKey.unwrap({ version: keyId, value: rawBytes(wrappedKey) }, call?.signal)).value;
      }),
    async close() {
      vaultKey.close();
    },
  };
  return guardSeal(seal, nameOf(target));
}
