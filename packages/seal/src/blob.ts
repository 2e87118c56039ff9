// SPDX-License-Identifier: Apache-2.0
/**
 * The sealed blob and its bytes: `BlobInfo` and `KeyInfo` of go-kms-wrapping v2
 * (`github.com.hashicorp.go.kms.wrapping.types.proto`), encoded by hand because two flat messages need no runtime.
 *
 * `BlobInfo { bytes ciphertext = 1; bytes iv = 2; bytes hmac = 3; bool wrapped = 4; KeyInfo key_info = 5;
 * string value_path = 6 }`, `KeyInfo { uint64 mechanism = 1; uint64 hmac_mechanism = 2; string key_id = 3;
 * string hmac_key_id = 4; bytes wrapped_key = 5; uint64 flags = 6 }`.
 */
import { bytesField, Message, messageField, numberField, textField } from "./protobuf.ts";

/** Which key and method made a blob. */
export interface KeyInfo {
  /** The method: a PKCS#11 mechanism number, 1 for an envelope, 0 (absent) otherwise. At most 2^53 - 1. */
  readonly mechanism?: number;
  /** The MAC's mechanism, in blobs of Vault's CBC mode. */
  readonly hmacMechanism?: number;
  /** The key that wrapped, in the backend's own notation; empty for Shamir. */
  readonly keyId: string;
  /** The MAC's key, in blobs of Vault's CBC mode. */
  readonly hmacKeyId?: string;
  /** The encrypted data key of an envelope. */
  readonly wrappedKey?: Uint8Array;
}

/** What a seal makes of a plaintext. */
export interface SealedBlob {
  readonly ciphertext: Uint8Array;
  /** The nonce where the seal keeps it apart; otherwise it stands in front of `ciphertext`. */
  readonly iv?: Uint8Array;
  /** The MAC, in blobs of Vault's CBC mode. */
  readonly hmac?: Uint8Array;
  /** Set in seal-wrapped entries only: whether `ciphertext` is one. */
  readonly wrapped?: boolean;
  readonly keyInfo?: KeyInfo;
}

function encodeKeyInfo(info: KeyInfo): Uint8Array {
  return Buffer.concat([
    ...numberField(1, info.mechanism),
    ...numberField(2, info.hmacMechanism),
    ...textField(3, info.keyId),
    ...textField(4, info.hmacKeyId),
    ...bytesField(5, info.wrappedKey),
  ]);
}

/**
 * The protobuf bytes of `blob`: fields in ascending order, empty ones left out, as Go's encoder writes them. Throws
 * `RangeError` for a number or text that protobuf cannot hold, which only a faulty plugin makes.
 */
export function encodeBlob(blob: SealedBlob): Uint8Array {
  return Buffer.concat([
    ...bytesField(1, blob.ciphertext),
    ...bytesField(2, blob.iv),
    ...bytesField(3, blob.hmac),
    ...numberField(4, blob.wrapped ? 1 : 0),
    ...(blob.keyInfo === undefined ? [] : messageField(5, encodeKeyInfo(blob.keyInfo))),
  ]);
}

function decodeKeyInfo(bytes: Uint8Array): KeyInfo {
  const message = new Message(bytes);
  const mechanism = message.number(1);
  const hmacMechanism = message.number(2);
  const hmacKeyId = message.text(4);
  const wrappedKey = message.bytes(5);
  return {
    keyId: message.text(3) ?? "",
    ...(mechanism === undefined ? {} : { mechanism }),
    ...(hmacMechanism === undefined ? {} : { hmacMechanism }),
    ...(hmacKeyId === undefined ? {} : { hmacKeyId }),
    ...(wrappedKey === undefined ? {} : { wrappedKey }),
  };
}

/**
 * Reads the protobuf bytes of a `BlobInfo`; what it answers shares no memory with them. Unknown and unused fields are
 * skipped; a field given twice counts as last given. Throws `SEAL_BAD_CIPHERTEXT` for what is not such a message.
 */
export function decodeBlob(bytes: Uint8Array): SealedBlob {
  const message = new Message(bytes);
  const iv = message.bytes(2);
  const hmac = message.bytes(3);
  const wrapped = message.number(4);
  const keyInfo = message.bytes(5);
  return {
    ciphertext: message.bytes(1) ?? new Uint8Array(),
    ...(iv === undefined ? {} : { iv }),
    ...(hmac === undefined ? {} : { hmac }),
    ...(wrapped === undefined ? {} : { wrapped: wrapped !== 0 }),
    ...(keyInfo === undefined ? {} : { keyInfo: decodeKeyInfo(keyInfo) }),
  };
}
