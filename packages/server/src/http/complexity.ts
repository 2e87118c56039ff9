// SPDX-License-Identifier: Apache-2.0
import { HttpError } from "./problem.ts";

/** What a body's JSON may be. */
export interface JsonLimits {
  /** Strings, names included. */
  readonly strings: number;
  /** Bytes that it may take in memory. */
  readonly memory: number;
}

/** Nesting beyond this is refused before anything walks the value. */
const DEEPEST = 512;
/** A value in memory besides its text: a slot in its object or array, and an object of its own. A generous estimate. */
const BYTES_PER_VALUE = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d;

function refuse(why: string): never {
  throw new HttpError(400, `refused JSON input due to high complexity: it ${why}`);
}

/**
 * Throws 400 for a JSON text (UTF-8) beyond `limits`, or one that is nested deeper than 512 levels: each is cheap to send
 * and dear to process.
 */
export function checkComplexity(json: Uint8Array, limits: JsonLimits): void {
  let depth = 0;
  let strings = 0;
  let values = 0;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index] ?? 0;
    if (byte === QUOTE) {
      strings++;
      for (index++; index < json.length && json[index] !== QUOTE; index++) if (json[index] === BACKSLASH) index++;
    } else if (isOpening(byte)) {
      depth++;
      values++;
    } else if (isClosing(byte)) depth--;
    else if (byte === COMMA) values++;
    if (depth > DEEPEST) refuse(`is nested deeper than ${DEEPEST} levels`);
    if (strings > limits.strings) refuse(`has more than ${limits.strings} strings (max_request_json_strings)`);
  }
  if (json.length + values * BYTES_PER_VALUE > limits.memory) {
    refuse(`would take more than ${limits.memory} bytes of memory (max_request_json_memory)`);
  }
}
