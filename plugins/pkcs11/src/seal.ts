// SPDX-License-Identifier: Apache-2.0
import { guardSeal, NO_AAD, type Seal, type SealEnvironment } from "@sealwright/seal";
import type { Pkcs11Config } from "./config.ts";
import { Connection } from "./connection.ts";
import { KeyRing } from "./key-ring.ts";
import type { Library } from "./library.ts";

/**
 * A seal under a key on a token. It contacts the token at the first call. The type of the key that is found decides how
 * it is used: AES keys by AES-GCM with the nonce in `iv`, or by CBC with an HMAC where the configuration says so; RSA
 * keys by OAEP, and through an envelope where the text is longer than the modulus allows. Additional data is honoured
 * with AES-GCM and refused otherwise.
 */
export function openPkcs11Seal(library: Library, config: Pkcs11Config, env: SealEnvironment): Seal {
  const keys = new KeyRing(config, env);
  const connection = new Connection(library, config, env, keys);
  return guardSeal({
    type: "pkcs11",
    wrap(plaintext, call) {
      return connection.use(call?.signal, async (session) => {
        return keys.toWrap(session, connection).wrap(session, plaintext, call?.aad ?? NO_AAD);
      });
    },
    async unwrap(blob, call) {
      return connection.use(call?.signal, async (session) => {
        return keys.toUnwrap(session, connection, blob).unwrap(session, blob, call?.aad ?? NO_AAD);
      });
    },
    close: () => connection.close(),
  });
}
