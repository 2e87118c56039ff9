// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, openEnvelope, type Seal, type SealedBlob, sealEnvelope } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { elsewhere, foreign, nameOf, noKey } from "./errors.ts";
import type { KeyService } from "./kms.ts";
import { keyInRing } from "./names.ts";

// Mechanisms: what Cloud KMS encrypted is the plaintext, or a data key. Only the latter is written.
const DIRECT = 0;
const ENVELOPE = 1;

/**
 * A seal that has Cloud KMS wrap a fresh data key for each blob. Blobs name the version that wrapped; they open with
 * their own key as long as it is in the key ring. Of blobs from before envelopes, which Cloud KMS encrypted directly,
 * the plaintext is what it answers.
 */
export function openCloudKmsSeal(service: KeyService, settings: Settings): Seal {
  const { keyRing } = settings;
  const name = nameOf(settings);

  const keyOf = ({ keyInfo }: SealedBlob): string => {
    const id = keyInfo?.keyId ?? "";
    const key = id === "" ? settings.key : keyInRing(keyRing, id);
    if (key === undefined) throw id === "" ? noKey() : elsewhere(keyRing, id);
    return key;
  };

  const seal: Seal = {
    type: "gcpckms",
    async wrap(plaintext, call) {
      const { key } = settings;
      if (key === undefined) throw noKey();
      return sealEnvelope(plaintext, call?.aad ?? NO_AAD, async (dataKey) => {
        const { keyId, ciphertext } = await service.encrypt(key, dataKey, call?.signal);
        return { mechanism: ENVELOPE, keyId, wrappedKey: ciphertext };
      });
    },
    async unwrap(blob, call) {
      const key = keyOf(blob);
      const aad = call?.aad ?? NO_AAD;
      const mechanism = blob.keyInfo?.mechanism ?? DIRECT;
      if (mechanism === ENVELOPE) {
        return openEnvelope(blob, aad, (wrappedKey) => service.decrypt(key, wrappedKey, NO_AAD, call?.signal));
      }
      if (mechanism !== DIRECT || blob.ciphertext.length === 0) throw foreign(name);
      return service.decrypt(key, blob.ciphertext, aad, call?.signal);
    },
    close: () => service.close(),
  };
  return guardSeal(seal, name);
}
