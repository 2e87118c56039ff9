// SPDX-License-Identifier: Apache-2.0
/** Reads a key from the bytes of a file or variable without making a string of it, since strings cannot be wiped. */
import { KEY_BYTES } from "@sealwright/seal";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

/** Digit values by character code; -1 where a character is no digit. */
function valuesOf(...alphabets: string[]): Int8Array {
  const values = new Int8Array(256).fill(-1);
  for (const alphabet of alphabets) {
    for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  }
  return values;
}

const hexValues = valuesOf("0123456789abcdef", "0123456789ABCDEF");
const standardValues = valuesOf(STANDARD);
const urlSafeValues = valuesOf(URL_SAFE);

/** Packs digits of `bits` bits each, most significant first, into a key; spare bits at the end are dropped. */
function pack(digits: Uint8Array, values: Int8Array, bits: number): Uint8Array | undefined {
  const key = new Uint8Array(KEY_BYTES);
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (const digit of digits) {
    const value = values[digit]!;
    if (value < 0) {
      key.fill(0);
      return undefined;
    }
    held = ((held << bits) | value) & 0xffff;
    heldBits += bits;
    if (heldBits >= 8) {
      heldBits -= 8;
      key[at++] = held >> heldBits;
    }
  }
  return key;
}

/** The length alone says which encoding it is, as in OpenBao. */
function decodeExactly(given: Uint8Array): Uint8Array | undefined {
  switch (given.length) {
    case 64:
      return pack(given, hexValues, 4);
    case 44:
      return given[43] === "=".charCodeAt(0) ? pack(given.subarray(0, 43), standardValues, 6) : undefined;
    case 43:
      return pack(given, urlSafeValues, 6);
    case KEY_BYTES:
      return Uint8Array.from(given);
    default:
      return undefined;
  }
}

/**
 * The key (32 bytes, the caller's) that `given` spells, or undefined. Editors and `echo` end a file with a line break:
 * it is cut off only where the bytes are no key as they stand, so a raw key may end in one.
 */
export function decodeKey(given: Uint8Array): Uint8Array | undefined {
  const asGiven = decodeExactly(given);
  if (asGiven !== undefined || given.at(-1) !== LINE_FEED) return asGiven;
  const line = given.subarray(0, -1);
  return decodeExactly(line) ?? (line.at(-1) === CARRIAGE_RETURN ? decodeExactly(line.subarray(0, -1)) : undefined);
}
