// SPDX-License-Identifier: Apache-2.0
/** Encrypt and decrypt, wrap and unwrap with a version of an RSA key, with the service's checks before. */
import { constants, privateDecrypt, publicEncrypt } from "node:crypto";
import type { KeyVersion } from "./keys.ts";
import { badParameter, forbidden } from "./service-error.ts";

/** The operations that this server knows, by the last segment of the path, and what a key must allow for each. */
export const CRYPTO_OPERATIONS = {
  encrypt: "encrypt",
  decrypt: "decrypt",
  wrapkey: "wrapKey",
  unwrapkey: "unwrapKey",
} as const;

/** The last segment of a path that asks for an operation. */
export type CryptoOperation = keyof typeof CRYPTO_OPERATIONS;

const { RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING } = constants;

/** The encryption algorithms of RFC 7518 that Key Vault offers for RSA keys. */
const ALGORITHMS: Readonly<Record<string, { readonly padding: number; readonly oaepHash?: string }>> = {
  RSA1_5: { padding: RSA_PKCS1_PADDING },
  "RSA-OAEP": { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" },
  "RSA-OAEP-256": { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
};

function checkUsable({ validity, operations }: KeyVersion, operation: CryptoOperation): void {
  const permission = CRYPTO_OPERATIONS[operation];
  if (!validity.enabled) {
    throw forbidden("KeyDisabled", `Operation ${permission} is not allowed on a disabled key.`);
  }
  const now = Date.now() / 1_000;
  const outside = now < (validity.nbf ?? 0) || now >= (validity.exp ?? Number.POSITIVE_INFINITY);
  // What was protected while the key was valid stays readable.
  if (outside && (operation === "encrypt" || operation === "wrapkey")) {
    throw forbidden(
      "KeyNotYetValidOrExpired",
      `Operation ${permission} is not allowed on a key that is not yet valid or has expired.`,
    );
  }
  if (!operations.includes(permission)) {
    throw forbidden("KeyOperationForbidden", `Operation ${permission} is not permitted on this key.`);
  }
}

function decodeValue(value: string | undefined): Buffer {
  if (value === undefined || value === "") throw badParameter("Property 'value' is required.\r\n");
  if (!/^[\w-]+$/.test(value)) {
    throw badParameter("Content of 'value' is not base64url.\r\nProperty 'value' is required.\r\n");
  }
  return Buffer.from(value, "base64url");
}

function apply(key: KeyVersion, operation: CryptoOperation, algorithm: string, value: Buffer): Buffer {
  const settings = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (settings === undefined || !key.kty.startsWith("RSA")) {
    throw badParameter(`The algorithm '${algorithm}' is not supported by a key of type ${key.kty}.`);
  }
  const options = { key: key.privateKey, ...settings };
  if (operation === "encrypt" || operation === "wrapkey") {
    try {
      return publicEncrypt(options, value);
    } catch {
      throw badParameter("The value is too long for the size of the key.");
    }
  }
  if (value.length * 8 !== key.privateKey.asymmetricKeyDetails?.modulusLength) {
    throw badParameter("Invalid length of 'value': it is not the size of the key's modulus.");
  }
  try {
    return privateDecrypt(options, value);
  } catch {
    throw badParameter("Error occurred while decoding OAEP padding.");
  }
}

/** Performs `operation` on base64url text and answers base64url text. Throws a `ServiceError`. */
export function perform(
  key: KeyVersion,
  operation: CryptoOperation,
  parameters: { readonly alg?: string | undefined; readonly value?: string | undefined },
): string {
  checkUsable(key, operation);
  if (parameters.alg === undefined) throw badParameter("Property 'alg' is required.\r\n");
  return apply(key, operation, parameters.alg, decodeValue(parameters.value)).toString("base64url");
}
