// SPDX-License-Identifier: Apache-2.0
import { HclError, type Position } from "./tree.ts";

/** A place in a text that only moves forward and knows its line and column. */
export class Cursor {
  readonly source: string;
  #text: string;
  #offset = 0;
  #line = 1;
  #column = 1;

  constructor(text: string, source: string) {
    this.#text = text;
    this.source = source;
  }

  get at(): Position {
    return { line: this.#line, column: this.#column };
  }

  get finished(): boolean {
    return this.#offset >= this.#text.length;
  }

  startsWith(prefix: string): boolean {
    return this.#text.startsWith(prefix, this.#offset);
  }

  /** Moves behind what the sticky `pattern` matches here and gives that text; undefined, and no move, without a match. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const text = pattern.exec(this.#text)?.[0];
    if (text !== undefined) this.#move(text);
    return text;
  }

  /** What stands here, for a message. */
  get found(): string {
    if (this.finished) return "the end of the text";
    const character = String.fromCodePoint(this.#text.codePointAt(this.#offset) ?? 0);
    return character === "\n" ? "the end of the line" : JSON.stringify(character);
  }

  fail(expected: string, found = this.found, at = this.at): never {
    throw new HclError(this.source, at, found, expected);
  }

  #move(text: string): void {
    for (const character of text) {
      this.#column = character === "\n" ? 1 : this.#column + 1;
      if (character === "\n") this.#line++;
    }
    this.#offset += text.length;
  }
}
