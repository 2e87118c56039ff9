// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, openEnvelope, type Seal, type SealedBlob, sealEnvelope } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { nameOf, notOurs, unwrapsOnly } from "./errors.ts";
import type { Kms } from "./kms.ts";

/** What `key_info.mechanism` says: KMS encrypted the plaintext itself, as old versions of Vault had it. */
const DIRECT = 0;
/** KMS encrypted a data key. */
const ENVELOPE = 1;
/** The longest ciphertext that KMS's Decrypt takes. */
const LONGEST_CIPHERTEXT = 6_144;

function checkCiphertext(ciphertext: Uint8Array): void {
  if (ciphertext.length === 0) throw notOurs("it holds no ciphertext of KMS");
  if (ciphertext.length <= LONGEST_CIPHERTEXT) return;
  throw notOurs(`a ciphertext of KMS has at most ${LONGEST_CIPHERTEXT} bytes, and this has ${ciphertext.length}`);
}

/**
 * A seal that wraps data keys by the key of `settings`, with one request per call, and unwraps by the key that the blob names.
 * Additional data is bound by the data key. Without a key it only unwraps.
 */
export function openAwsKmsSeal(kms: Kms, settings: Settings): Seal {
  const { key } = settings;
  // Empty where the blob is older than such names; then the ciphertext itself tells KMS.
  const keyOf = ({ keyInfo }: SealedBlob): string | undefined => keyInfo?.keyId || undefined;

  const seal: Seal = {
    type: "awskms",
    async wrap(plaintext, call) {
      if (key === undefined) throw unwrapsOnly();
      return sealEnvelope(plaintext, call?.aad ?? NO_AAD, async (dataKey) => ({
        mechanism: ENVELOPE,
        ...(await kms.encrypt(key, dataKey, call?.signal)),
      }));
    },
    async unwrap(blob, call) {
      const mechanism = blob.keyInfo?.mechanism ?? DIRECT;
      const unwrapKey = (ciphertext: Uint8Array): Promise<Uint8Array> => {
        checkCiphertext(ciphertext);
        return kms.decrypt(keyOf(blob), ciphertext, call?.signal);
      };
      if (mechanism === ENVELOPE) return openEnvelope(blob, call?.aad ?? NO_AAD, unwrapKey);
      if (mechanism !== DIRECT) throw notOurs(`it has the mechanism ${mechanism} instead of 0 or 1`);
      if (call?.aad !== undefined && call.aad.length > 0)
        throw notOurs("without an envelope no additional data is bound");
      return unwrapKey(blob.ciphertext);
    },
    async close() {
      kms.close();
    },
  };
  return guardSeal(seal, nameOf(settings));
}
