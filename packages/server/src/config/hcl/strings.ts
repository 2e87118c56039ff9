// SPDX-License-Identifier: Apache-2.0
/** The three ways to write a string: quoted in HCL, heredoc in HCL, quoted in JSON. */
import type { Cursor } from "./cursor.ts";

const SIMPLE_ESCAPES = new Map(Object.entries({ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }));
const ESCAPE = /\\(?:[abfnrtv"\\]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;
const ESCAPES = '\\n, \\t, \\", \\\\, \\a, \\b, \\f, \\r, \\v, \\uXXXX or \\UXXXXXXXX';

function escapeSequence(cursor: Cursor): string {
  const at = cursor.at;
  const text = (cursor.take(ESCAPE) ?? cursor.fail(ESCAPES, cursor.take(/\\.?/uy), at)).slice(1);
  if (text.length === 1) return SIMPLE_ESCAPES.get(text) ?? text;
  const bytes = /^[0-7x]/.test(text);
  const code = /^[0-7]/.test(text) ? Number.parseInt(text, 8) : Number.parseInt(text.slice(1), 16);
  // Octal and \x escapes are bytes: above 0x7f they would be pieces of UTF-8.
  if (bytes && code > 0x7f) cursor.fail("\\uXXXX for characters beyond ASCII", `\\${text}`, at);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) cursor.fail("a Unicode character", `\\${text}`, at);
  return String.fromCodePoint(code);
}

/** `${…}` is not evaluated; inside it quotes, backslashes and newlines are text, as in HCL 1. */
function template(cursor: Cursor): string {
  const at = cursor.at;
  let text = cursor.take(/\$\{/y) ?? "";
  for (let depth = 1; depth > 0; ) {
    text += cursor.take(/[^{}]+/y) ?? "";
    const brace = cursor.take(/[{}]/y) ?? cursor.fail("the } that closes the ${ here", "the end of the text", at);
    depth += brace === "{" ? 1 : -1;
    text += brace;
  }
  return text;
}

/** A quoted string of HCL; the cursor stands on the quote. */
export function quotedString(cursor: Cursor): string {
  const at = cursor.at;
  cursor.take(/"/y);
  let value = "";
  while (cursor.take(/"/y) === undefined) {
    if (cursor.startsWith("\\")) value += escapeSequence(cursor);
    else if (cursor.startsWith("${")) value += template(cursor);
    else value += cursor.take(/\$|[^"\\$\n]+/y) ?? cursor.fail('the " that closes the string here', cursor.found, at);
  }
  return value;
}

const HEREDOC_START = /<<-?[\p{L}\p{Nd}_]+\r?\n/uy;

/** `<<MARK` or `<<-MARK` up to a line that holds only the mark; the cursor stands on the `<`. */
export function heredoc(cursor: Cursor): string {
  const at = cursor.at;
  const start = cursor.take(HEREDOC_START) ?? cursor.fail("<<MARK or <<-MARK and a new line");
  const mark = start.replace(/^<<-?/, "").trim();
  const lines: string[] = [];
  for (;;) {
    const line = cursor.take(/[^\n]*/y) ?? "";
    if (line.trimStart() === mark) {
      const indent = line.slice(0, line.indexOf(mark));
      return start.startsWith("<<-") ? unindent(lines, indent) : lines.join("") + indent;
    }
    const end = cursor.take(/\n/y) ?? cursor.fail(`a line ${mark} that closes the text begun here`, cursor.found, at);
    lines.push(line + end);
  }
}

/** The indentation of the closing mark is taken from every line, unless some line has less: then nothing is. */
function unindent(lines: readonly string[], indent: string): string {
  const all = lines.every((line) => line.startsWith(indent));
  return (all ? lines.map((line) => line.slice(indent.length)) : lines).join("");
}

/** A quoted string of JSON; the cursor stands on the quote. */
export function jsonString(cursor: Cursor): string {
  const at = cursor.at;
  cursor.take(/"/y);
  let text = "";
  while (cursor.take(/"/y) === undefined) {
    text += cursor.take(/[^"\\\n]+|\\[^\n]/y) ?? cursor.fail('the " that closes the string here', cursor.found, at);
  }
  try {
    const value = JSON.parse(`"${text}"`) as string;
    if (value.isWellFormed()) return value;
  } catch {
    // Said below, with the place.
  }
  return cursor.fail("a JSON string: JSON's escapes, whole characters, no control characters", "a string", at);
}
