// SPDX-License-Identifier: Apache-2.0
import { HttpError } from "./problem.ts";

/** Nesting beyond this is refused before anything walks the value. */
const DEEPEST = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d;

/**
 * Throws 400 for a JSON text (UTF-8) that holds more than `maxStrings` strings, names included, or is nested deeper than
 * 512 levels: both are cheap to send and dear to process.
 */
export function checkComplexity(json: Uint8Array, maxStrings: number): void {
  let depth = 0;
  let strings = 0;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index] ?? 0;
    if (byte === QUOTE) {
      strings++;
      for (index++; index < json.length && json[index] !== QUOTE; index++) if (json[index] === BACKSLASH) index++;
    } else if (isOpening(byte)) depth++;
    else if (isClosing(byte)) depth--;
    if (depth > DEEPEST) throw new HttpError(400, `refused JSON input: it is nested deeper than ${DEEPEST} levels`);
    if (strings > maxStrings) {
      throw new HttpError(400, `refused JSON input due to high complexity: it has more than ${maxStrings} strings`);
    }
  }
}
