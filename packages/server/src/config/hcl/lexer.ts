// SPDX-License-Identifier: Apache-2.0
import { Cursor } from "./cursor.ts";
import { heredoc, jsonString, quotedString } from "./strings.ts";
import type { Position } from "./tree.ts";

/** A word of the text. `text` is a string's or heredoc's value, the number or identifier as written, or the punctuation. */
export interface Token {
  readonly kind: "string" | "heredoc" | "number" | "identifier" | "punctuation" | "end";
  readonly text: string;
  readonly at: Position;
}

/** What messages call a token. Words, numbers and texts are not shown: they may be a secret that lost its quotes. */
const FOUND: Partial<Record<Token["kind"], string>> = {
  string: "a text in quotes",
  heredoc: "a heredoc",
  number: "a number",
  identifier: "a word without quotes",
  end: "the end of the text",
};

/** What HCL and JSON write differently. */
export interface Dialect {
  readonly blank: RegExp;
  readonly punctuation: RegExp;
  readonly number: RegExp;
  readonly identifier: RegExp;
  readonly quoted: (cursor: Cursor) => string;
  readonly heredoc?: (cursor: Cursor) => string;
}

export const HCL: Dialect = {
  blank: /[ \t\r\n]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//y,
  punctuation: /[{}[\],=]/y,
  number: /-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/y,
  identifier: /[\p{L}_][\p{L}\p{Nd}_.-]{0,999}/uy,
  quoted: quotedString,
  heredoc,
};

export const JSON_DIALECT: Dialect = {
  blank: /[ \t\r\n]+/y,
  punctuation: /[{}[\],:]/y,
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  identifier: /[a-zA-Z]{1,20}/y,
  quoted: jsonString,
};

/** Reads a text word by word. Throws `HclError` at a character that begins nothing. */
export class Lexer {
  readonly #cursor: Cursor;
  readonly #dialect: Dialect;
  #next: Token | undefined;

  constructor(text: string, source: string, dialect: Dialect) {
    this.#cursor = new Cursor(text, source);
    this.#dialect = dialect;
  }

  /** The next token, which stays. */
  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  /** The next token, taken. */
  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** Whether this punctuation or word is next. */
  sees(expected: string): boolean {
    const { kind, text } = this.peek();
    return text === expected && (kind === "punctuation" || kind === "identifier");
  }

  /** Takes this punctuation or word if it is next, and says whether it was. */
  accept(expected: string): boolean {
    const seen = this.sees(expected);
    if (seen) this.take();
    return seen;
  }

  /** Refuses `token`, the next one unless given. */
  fail(expected: string, token = this.peek()): never {
    return this.#cursor.fail(expected, FOUND[token.kind] ?? token.text, token.at);
  }

  #read(): Token {
    const cursor = this.#cursor;
    const { blank, punctuation, number, identifier, quoted, heredoc } = this.#dialect;
    while (cursor.take(blank) !== undefined);
    const at = cursor.at;
    if (cursor.finished) return { kind: "end", text: "", at };
    if (cursor.startsWith('"')) return { kind: "string", text: quoted(cursor), at };
    if (heredoc !== undefined && cursor.startsWith("<<")) return { kind: "heredoc", text: heredoc(cursor), at };
    const mark = cursor.take(punctuation);
    if (mark !== undefined) return { kind: "punctuation", text: mark, at };
    const digits = cursor.take(number);
    if (digits !== undefined) {
      if (cursor.take(/[\p{L}\p{Nd}_.]/uy) !== undefined) {
        cursor.fail('a number, or quotes around what is not: "90s"', "a number with letters behind it", at);
      }
      return { kind: "number", text: digits, at };
    }
    const word = cursor.take(identifier);
    if (word !== undefined) return { kind: "identifier", text: word, at };
    if (cursor.startsWith("/*")) cursor.fail("the */ that closes the comment here", "the end of the text");
    return cursor.fail("a key or a value");
  }
}
