// SPDX-License-Identifier: Apache-2.0
/**
 * JSON that keeps its text: what is stored and sent back is what was received, so numbers of any size or spelling stay
 * as they are, and no name, `__proto__` included, means anything to the language.
 */
import { refuseJson } from "../http/body.ts";

/** A value of a JSON document. */
export interface JsonText {
  /** The value as it was written, white space around it left out. */
  readonly text: string;
  /** An object's members in order; undefined for every other value. */
  readonly members?: ReadonlyMap<string, JsonText>;
}

const SPACE = new Set([" ", "\t", "\n", "\r"]);

/** Walks a text that is known to be valid JSON. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JsonText {
    this.#space();
    const start = this.#at;
    switch (this.#text[this.#at]) {
      case "{": {
        const members = this.#object();
        return { text: this.#text.slice(start, this.#at), members };
      }
      case "[":
        this.#array();
        break;
      case '"':
        this.#string();
        break;
      default:
        this.#word();
    }
    return { text: this.#text.slice(start, this.#at) };
  }

  #object(): Map<string, JsonText> {
    const members = new Map<string, JsonText>();
    this.#elements("}", () => {
      this.#space();
      const name: unknown = JSON.parse(this.#string());
      this.#space();
      this.#at++; // The colon.
      // Readers differ in which of two they believe, so a secret that says two things is refused.
      if (members.has(String(name))) refuseJson(`the name ${JSON.stringify(name)} stands twice in one object`);
      members.set(String(name), this.value());
    });
    return members;
  }

  #array(): void {
    this.#elements("]", () => void this.value());
  }

  #elements(end: string, element: () => void): void {
    this.#at++;
    this.#space();
    while (this.#text[this.#at] !== end) {
      element();
      this.#space();
      if (this.#text[this.#at] === ",") this.#at++;
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    this.#at = end + 1;
    return this.#text.slice(start, this.#at);
  }

  /** Whether an odd number of backslashes stands before `index`. */
  #isEscaped(index: number): boolean {
    let from = index;
    while (this.#text[from - 1] === "\\") from--;
    return (index - from) % 2 === 1;
  }

  #word(): void {
    while (this.#at < this.#text.length && !/[\s,\]}]/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #space(): void {
    while (SPACE.has(this.#text[this.#at] ?? "")) this.#at++;
  }
}

/** The JSON value in `text`. Throws 400 where it is not JSON, or an object has a name twice. */
export function readJsonText(text: string): JsonText {
  try {
    JSON.parse(text);
  } catch {
    refuseJson("the body is not valid JSON");
  }
  return new Reader(text).value();
}

/** The members of the JSON object in `text`; an empty text has none. Throws 400. */
export function readMembers(text: string): ReadonlyMap<string, JsonText> {
  if (text.trim() === "") return new Map();
  return readJsonText(text).members ?? refuseJson("the body must be a JSON object");
}

/** The object with these members, as text. */
export function objectText(members: Iterable<readonly [string, string]>): string {
  return `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
}
