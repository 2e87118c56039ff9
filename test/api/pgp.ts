// SPDX-License-Identifier: Apache-2.0
/** Key holders of our own: nobody has the private keys of the recorded ones, and a replay has to decrypt its shares. */
import { decrypt, generateKey, type PrivateKey, readMessage } from "openpgp";

/** A key pair. */
export interface Holder {
  /** The public key as `pgp_keys` takes it: base64 of the binary form. */
  readonly publicKey: string;
  /** Of the public key, hexadecimal. */
  readonly fingerprint: string;
  readonly privateKey: PrivateKey;
}

/** Makes a key pair. */
export async function makeHolder(): Promise<Holder> {
  const { publicKey, privateKey } = await generateKey({
    type: "ecc",
    userIDs: [{ name: "holder", email: "holder@example.com" }],
    format: "object",
  });
  const binary = Buffer.from(publicKey.write()).toString("base64");
  return { publicKey: binary, fingerprint: publicKey.getFingerprint(), privateKey };
}

/** What a base64 message to `holder` says. */
export async function decryptFor({ privateKey }: Holder, message: string): Promise<string> {
  const binaryMessage = Buffer.from(message, "base64");
  const { data } = await decrypt({
    message: await readMessage({ binaryMessage: Uint8Array.from(binaryMessage) }),
    decryptionKeys: privateKey,
  });
  return data;
}
