// SPDX-License-Identifier: Apache-2.0
/**
 * As much of the protobuf wire format as flat messages of bytes, text and unsigned numbers need
 * (protobuf.dev/programming-guides/encoding).
 */
import { SealError } from "./errors.ts";

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const MAX_UINT64 = (1n << 64n) - 1n;
const MAX_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);

const encoder = new TextEncoder();
// A byte order mark is content here: without ignoreBOM the decoder would drop it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function varint(value: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`a protobuf number is a whole number from 0 to 2^53 - 1, not ${value}`);
  }
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return out;
}

/** A length-delimited field, present even when empty, as an embedded message is. */
export function messageField(number: number, bytes: Uint8Array): Uint8Array[] {
  return [Uint8Array.from([(number << 3) | BYTES, ...varint(bytes.length)]), bytes];
}

/** A field of bytes; proto3 leaves an empty one out. */
export function bytesField(number: number, bytes: Uint8Array | undefined): Uint8Array[] {
  return bytes === undefined || bytes.length === 0 ? [] : messageField(number, bytes);
}

/** A field of text; proto3 leaves an empty one out. A text with a lone surrogate has no UTF-8: `RangeError`. */
export function textField(number: number, text: string | undefined): Uint8Array[] {
  if (text === undefined) return [];
  if (!text.isWellFormed()) throw new RangeError("a protobuf string is well-formed Unicode: this has a lone surrogate");
  return bytesField(number, encoder.encode(text));
}

/** A field of a whole number, at most 2^53 - 1; proto3 leaves a zero out. */
export function numberField(number: number, value: number | undefined): Uint8Array[] {
  return value === undefined || value === 0 ? [] : [Uint8Array.from([(number << 3) | VARINT, ...varint(value)])];
}

function malformed(what: string): SealError {
  return new SealError("SEAL_BAD_CIPHERTEXT", `the sealed blob is not a readable protobuf message: ${what}`);
}

function asNumber(value: bigint, what: string): number {
  if (value > MAX_NUMBER) throw malformed(`${what} exceeds 2^53 - 1`);
  return Number(value);
}

/** Reads `bytes` from the front. All methods throw `SEAL_BAD_CIPHERTEXT` for what is not protobuf. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed("it ends inside a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value > MAX_UINT64) throw malformed("a number exceeds 64 bits");
        return value;
      }
    }
    throw malformed("a number is longer than ten bytes");
  }

  take(length: number): Uint8Array {
    const missing = length - (this.#bytes.length - this.#at);
    if (missing > 0) throw malformed(`it ends ${missing} bytes too early`);
    this.#at += length;
    // A copy in every case: `slice` of a Buffer would be a view.
    return new Uint8Array(this.#bytes.subarray(this.#at - length, this.#at));
  }
}

/** The fields of one message; of a field given twice the last one counts. Every getter throws on a wrong wire type. */
export class Message {
  readonly #fields = new Map<number, Uint8Array | bigint>();
  readonly #repeated = new Map<number, Uint8Array[]>();

  /** Throws `SEAL_BAD_CIPHERTEXT` unless `bytes` is a whole message. Unknown fields are no error. */
  constructor(bytes: Uint8Array) {
    const cursor = new Cursor(bytes);
    while (!cursor.done) {
      const tag = asNumber(cursor.varint(), "a field's tag");
      const number = Math.floor(tag / 8);
      if (number === 0) throw malformed("a field has number 0");
      switch (tag % 8) {
        case VARINT:
          this.#fields.set(number, cursor.varint());
          break;
        case BYTES:
          this.#addBytes(number, cursor.take(asNumber(cursor.varint(), "a field's length")));
          break;
        case FIXED64:
          cursor.take(8);
          break;
        case FIXED32:
          cursor.take(4);
          break;
        default:
          throw malformed(`field ${number} has an unknown wire type`);
      }
    }
  }

  #addBytes(number: number, bytes: Uint8Array): void {
    this.#fields.set(number, bytes);
    this.#repeated.set(number, [...(this.#repeated.get(number) ?? []), bytes]);
  }

  /** The bytes (the caller's) of every occurrence of a repeated field, in order. */
  all(number: number): readonly Uint8Array[] {
    this.bytes(number);
    return this.#repeated.get(number) ?? [];
  }

  /** The bytes of a field (the caller's), or undefined. */
  bytes(number: number): Uint8Array | undefined {
    const value = this.#fields.get(number);
    if (typeof value === "bigint") throw malformed(`field ${number} is a number where bytes are due`);
    return value;
  }

  /** The number in a field, at most 2^53 - 1, or undefined. */
  number(number: number): number | undefined {
    const value = this.#fields.get(number);
    if (value instanceof Uint8Array) throw malformed(`field ${number} is bytes where a number is due`);
    return value === undefined ? undefined : asNumber(value, `field ${number}`);
  }

  /** The text in a field, which must be UTF-8, or undefined. */
  text(number: number): string | undefined {
    const bytes = this.bytes(number);
    if (bytes === undefined) return undefined;
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new SealError("SEAL_BAD_CIPHERTEXT", `the sealed blob's field ${number} is not UTF-8`, { cause });
    }
  }
}
