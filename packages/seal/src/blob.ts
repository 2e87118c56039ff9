// SPDX-License-Identifier: Apache-2.0
/**
 * The sealed blob and its bytes: `BlobInfo` and `KeyInfo` of go-kms-wrapping v2
 * (`github.com.hashicorp.go.kms.wrapping.types.proto`), encoded by hand because two flat messages need no runtime.
 *
 * `BlobInfo { bytes ciphertext = 1; bytes iv = 2; bytes hmac = 3; bool wrapped = 4; KeyInfo key_info = 5;
 * string value_path = 6 }`, `KeyInfo { uint64 mechanism = 1; uint64 hmac_mechanism = 2; string key_id = 3;
 * string hmac_key_id = 4; bytes wrapped_key = 5; uint64 flags = 6 }`.
 */
import { SealError } from "./errors.ts";

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

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return out;
}

function field(number: number, bytes: Uint8Array): Uint8Array[] {
  return [Uint8Array.from([(number << 3) | BYTES, ...varint(bytes.length)]), bytes];
}

function optionalBytes(number: number, bytes: Uint8Array | undefined): Uint8Array[] {
  return bytes === undefined || bytes.length === 0 ? [] : field(number, bytes);
}

function optionalNumber(number: number, value: number | undefined): Uint8Array[] {
  return value === undefined || value === 0 ? [] : [Uint8Array.from([(number << 3) | VARINT, ...varint(value)])];
}

function encodeKeyInfo(info: KeyInfo): Uint8Array {
  return Buffer.concat([
    ...optionalNumber(1, info.mechanism),
    ...optionalNumber(2, info.hmacMechanism),
    ...optionalBytes(3, utf8.encode(info.keyId)),
    ...optionalBytes(4, info.hmacKeyId === undefined ? undefined : utf8.encode(info.hmacKeyId)),
    ...optionalBytes(5, info.wrappedKey),
  ]);
}

/** The protobuf bytes of `blob`: fields in ascending order, empty ones left out, as Go's encoder writes them. */
export function encodeBlob(blob: SealedBlob): Uint8Array {
  return Buffer.concat([
    ...optionalBytes(1, blob.ciphertext),
    ...optionalBytes(2, blob.iv),
    ...optionalBytes(3, blob.hmac),
    ...optionalNumber(4, blob.wrapped ? 1 : 0),
    ...(blob.keyInfo === undefined ? [] : field(5, encodeKeyInfo(blob.keyInfo))),
  ]);
}

type Fields = Map<number, Uint8Array | number>;

function malformed(what: string): SealError {
  return new SealError("SEAL_BAD_CIPHERTEXT", `the sealed blob is not a readable BlobInfo message: ${what}`);
}

function readFields(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const readVarint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw malformed("it ends inside a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("a number exceeds 2^53 - 1");
        return Number(value);
      }
    }
    throw malformed("a number is longer than ten bytes");
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw malformed(`it ends ${length - (bytes.length - at)} bytes too early`);
    at += length;
    return bytes.slice(at - length, at);
  };
  while (at < bytes.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw malformed("a field has number 0");
    switch (tag % 8) {
      case VARINT:
        fields.set(number, readVarint());
        break;
      case BYTES:
        fields.set(number, take(readVarint()));
        break;
      case FIXED64:
        take(8);
        break;
      case FIXED32:
        take(4);
        break;
      default:
        throw malformed(`field ${number} has an unknown wire type`);
    }
  }
  return fields;
}

function bytesOf(fields: Fields, number: number): Uint8Array | undefined {
  const value = fields.get(number);
  if (typeof value === "number") throw malformed(`field ${number} is a number where bytes are due`);
  return value;
}

function numberOf(fields: Fields, number: number): number | undefined {
  const value = fields.get(number);
  if (value instanceof Uint8Array) throw malformed(`field ${number} is bytes where a number is due`);
  return value;
}

function textOf(fields: Fields, number: number): string | undefined {
  const bytes = bytesOf(fields, number);
  if (bytes === undefined) return undefined;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw malformed(`field ${number} is not UTF-8`);
  }
}

function decodeKeyInfo(bytes: Uint8Array): KeyInfo {
  const fields = readFields(bytes);
  const mechanism = numberOf(fields, 1);
  const hmacMechanism = numberOf(fields, 2);
  const hmacKeyId = textOf(fields, 4);
  const wrappedKey = bytesOf(fields, 5);
  return {
    keyId: textOf(fields, 3) ?? "",
    ...(mechanism === undefined ? {} : { mechanism }),
    ...(hmacMechanism === undefined ? {} : { hmacMechanism }),
    ...(hmacKeyId === undefined ? {} : { hmacKeyId }),
    ...(wrappedKey === undefined ? {} : { wrappedKey }),
  };
}

/**
 * Reads the protobuf bytes of a `BlobInfo`. Unknown and unused fields are skipped; a field given twice counts as last
 * given. Throws `SEAL_BAD_CIPHERTEXT` for what is not such a message.
 */
export function decodeBlob(bytes: Uint8Array): SealedBlob {
  const fields = readFields(bytes);
  const iv = bytesOf(fields, 2);
  const hmac = bytesOf(fields, 3);
  const wrapped = numberOf(fields, 4);
  const keyInfo = bytesOf(fields, 5);
  return {
    ciphertext: bytesOf(fields, 1) ?? new Uint8Array(),
    ...(iv === undefined ? {} : { iv }),
    ...(hmac === undefined ? {} : { hmac }),
    ...(wrapped === undefined ? {} : { wrapped: wrapped !== 0 }),
    ...(keyInfo === undefined ? {} : { keyInfo: decodeKeyInfo(keyInfo) }),
  };
}
