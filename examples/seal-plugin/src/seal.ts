// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, openEnvelope, type Seal, sealEnvelope } from "@sealwright/seal";
import type { KmsClient } from "./client.ts";
import { type Call, notOurs, toSealError } from "./errors.ts";

/** What `KeyInfo.mechanism` says of an envelope. */
const ENVELOPE = 1;
const KEY_ID = /^(?<name>[\w-]+)\/(?<version>[1-9]\d{0,8})$/;

function keyOf(keyId: string): { name: string; version: number } {
  const { name, version } = KEY_ID.exec(keyId)?.groups ?? {};
  if (name === undefined || version === undefined) throw notOurs(keyId);
  return { name, version: Number(version) };
}

async function asked<T>(call: Call, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toSealError(error, call);
  }
}

/**
 * A seal under the newest version of the KMS's key `keyName`. A data key of its own encrypts each plaintext, and the KMS
 * wraps the data key: one call to wrap, one to unwrap. The blob's key id is `NAME/VERSION`, and unwrapping goes by it alone.
 */
export function openKmsSeal(client: KmsClient, address: string, keyName: string): Seal {
  return guardSeal({
    type: "toykms",
    wrap: (plaintext, call) =>
      sealEnvelope(plaintext, call?.aad ?? NO_AAD, async (dataKey) => {
        const about = { operation: "wrap", address, key: keyName } as const;
        const { version, wrapped } = await asked(about, client.wrap(keyName, dataKey, call?.signal));
        return { keyId: `${keyName}/${version}`, mechanism: ENVELOPE, wrappedKey: wrapped };
      }),
    unwrap: (blob, call) =>
      openEnvelope(blob, call?.aad ?? NO_AAD, async (wrapped, { keyId }) => {
        const { name, version } = keyOf(keyId);
        const about = { operation: "unwrap", address, key: keyId } as const;
        return asked(about, client.unwrap(name, { version, wrapped }, call?.signal));
      }),
    // This client holds nothing open. One that does is closed here.
    close: async () => {},
  });
}
