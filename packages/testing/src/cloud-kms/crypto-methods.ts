// SPDX-License-Identifier: Apache-2.0
/** Encrypt and Decrypt, with all of their checksums (cloud.google.com/kms/docs/data-integrity-guidelines). */
import { type KeyMaterial, seal, split, unseal } from "./ciphertext.ts";
import { crc32c } from "./crc32c.ts";
import { type CryptoKey, type KeyStore, type KeyVersion, materialOf } from "./key-store.ts";
import type { Method } from "./method.ts";
import { cryptoKeyOf, isNameOf } from "./names.ts";
import { failedPrecondition, invalidArgument } from "./status.ts";

const LONGEST_BYTES = 65_536;
const LONGEST_HSM_BYTES = 8_192;

/** `google.protobuf.Int64Value`, absent as null. */
interface Checksum {
  readonly value: string;
}

interface EncryptRequest {
  readonly name: string;
  readonly plaintext: Uint8Array;
  readonly plaintextCrc32c: Checksum | null;
  readonly additionalAuthenticatedData: Uint8Array;
  readonly additionalAuthenticatedDataCrc32c: Checksum | null;
}

interface EncryptResponse {
  readonly name: string;
  readonly ciphertext: Uint8Array;
  readonly ciphertextCrc32c: { readonly value: number };
  readonly verifiedPlaintextCrc32c: boolean;
  readonly verifiedAdditionalAuthenticatedDataCrc32c: boolean;
  readonly protectionLevel: string;
}

interface DecryptRequest {
  readonly name: string;
  readonly ciphertext: Uint8Array;
  readonly ciphertextCrc32c: Checksum | null;
  readonly additionalAuthenticatedData: Uint8Array;
  readonly additionalAuthenticatedDataCrc32c: Checksum | null;
}

interface DecryptResponse {
  readonly plaintext: Uint8Array;
  readonly plaintextCrc32c: { readonly value: number };
  readonly usedPrimary: boolean;
  readonly protectionLevel: string;
}

/** Whether a checksum was given for `bytes`. One that does not match is `INVALID_ARGUMENT`. */
function verify(field: string, bytes: Uint8Array, checksum: Checksum | null): boolean {
  if (checksum === null) return false;
  if (BigInt(checksum.value) === BigInt(crc32c(bytes))) return true;
  throw invalidArgument(`The checksum in field ${field}_crc32c did not match the data in field ${field}.`);
}

function checkLengths(version: KeyVersion, plaintext: Uint8Array, aad: Uint8Array): void {
  if (version.protectionLevel === "HSM" && plaintext.length + aad.length > LONGEST_HSM_BYTES) {
    throw invalidArgument(`plaintext and additional_authenticated_data together exceed ${LONGEST_HSM_BYTES} bytes.`);
  }
  for (const [field, { length }] of Object.entries({ plaintext, additional_authenticated_data: aad })) {
    if (length > LONGEST_BYTES)
      throw invalidArgument(`${field} is ${length} bytes, at most ${LONGEST_BYTES} are taken.`);
  }
}

function requirePurpose(key: CryptoKey, version: string): void {
  if (key.purpose === "ENCRYPT_DECRYPT") return;
  throw failedPrecondition(`Operation requested for Key ${version} has incorrect key purpose: ${key.purpose}`);
}

/** The version that a request to encrypt means: the one that it names, or the primary one of the key that it names. */
function versionFor(store: KeyStore, name: string): KeyVersion {
  const key = store.cryptoKey(cryptoKeyOf(name));
  requirePurpose(key, name);
  const chosen = isNameOf("CryptoKeyVersion", name) ? name : key.primary?.name;
  if (chosen === undefined) throw failedPrecondition(`CryptoKey ${key.name} has no primary version.`);
  return store.version(chosen);
}

function openedBy(material: KeyMaterial, sealed: Buffer, aad: Uint8Array): Buffer {
  const plaintext = unseal(material, sealed, aad);
  if (plaintext === undefined) throw invalidArgument("Decryption failed: the ciphertext is invalid.");
  return plaintext;
}

/** `Encrypt`, by a key or by one of its versions. */
export const encrypt: Method<EncryptRequest, EncryptResponse> = {
  permission: "cloudkms.cryptoKeyVersions.useToEncrypt",
  resource: ({ name }) => cryptoKeyOf(name),
  run(store, request) {
    const { name, plaintext, additionalAuthenticatedData: aad } = request;
    const version = versionFor(store, name);
    checkLengths(version, plaintext, aad);
    const verifiedPlaintextCrc32c = verify("plaintext", plaintext, request.plaintextCrc32c);
    const verifiedAdditionalAuthenticatedDataCrc32c = verify(
      "additional_authenticated_data",
      aad,
      request.additionalAuthenticatedDataCrc32c,
    );
    const ciphertext = seal(version.name, materialOf(version), plaintext, aad);
    return {
      name: version.name,
      ciphertext,
      ciphertextCrc32c: { value: crc32c(ciphertext) },
      verifiedPlaintextCrc32c,
      verifiedAdditionalAuthenticatedDataCrc32c,
      protectionLevel: version.protectionLevel,
    };
  },
};

/** `Decrypt`, by a key: the ciphertext names the version. */
export const decrypt: Method<DecryptRequest, DecryptResponse> = {
  permission: "cloudkms.cryptoKeyVersions.useToDecrypt",
  resource: ({ name }) => name,
  run(store, request) {
    const { name, ciphertext, additionalAuthenticatedData: aad } = request;
    const key = store.cryptoKey(name);
    requirePurpose(key, name);
    verify("ciphertext", ciphertext, request.ciphertextCrc32c);
    verify("additional_authenticated_data", aad, request.additionalAuthenticatedDataCrc32c);
    const parts = split(ciphertext);
    const version = key.versions.find((each) => each.name === parts?.name);
    if (parts === undefined || version === undefined) {
      throw invalidArgument("Decryption failed: verify that 'name' refers to the correct CryptoKey.");
    }
    const plaintext = openedBy(materialOf(store.version(version.name)), parts.sealed, aad);
    return {
      plaintext,
      plaintextCrc32c: { value: crc32c(plaintext) },
      usedPrimary: version === key.primary,
      protectionLevel: version.protectionLevel,
    };
  },
};
