// SPDX-License-Identifier: Apache-2.0
import { HCL, JSON_DIALECT, Lexer } from "./lexer.ts";
import type { HclEntry, HclList, HclNode, HclNumber, HclObject, Position } from "./tree.ts";

/** Objects, lists and labels around each other; more is refused, since whoever reads the tree recurses too. */
const MAX_DEPTH = 100;
/** Beyond any number that means something, below what takes long to convert. */
const MAX_NUMBER_LENGTH = 100;

/**
 * Reads HCL 1, or JSON where the text begins with `{`, as Vault does. `source` is what errors call the text. Throws
 * `HclError` and nothing else.
 */
export function parseHcl(text: string, source: string): HclObject {
  const content = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  return /^\s*\{/.test(content)
    ? new JsonParser(new Lexer(content, source, JSON_DIALECT)).document()
    : new HclParser(new Lexer(content, source, HCL)).document();
}

abstract class Parser {
  protected readonly lexer: Lexer;
  #depth = 0;

  constructor(lexer: Lexer) {
    this.lexer = lexer;
  }

  protected abstract object(): HclObject;

  protected value(): HclNode {
    const { kind, text, at } = this.lexer.peek();
    if (this.lexer.sees("{")) return this.nested(1, () => this.object());
    if (this.lexer.sees("[")) return this.nested(1, () => this.#list());
    if (this.lexer.accept("true") || this.lexer.accept("false")) return { kind: "boolean", value: text === "true", at };
    if (kind === "number") return this.#number();
    if (kind === "string" || kind === "heredoc") return { kind: "string", value: this.lexer.take().text, at };
    return this.lexer.fail("a value: a text in quotes, a number, true, false, a list or an object");
  }

  /** Counts `levels` of nesting while `read` runs. */
  protected nested<Result>(levels: number, read: () => Result): Result {
    this.#depth += levels;
    if (this.#depth > MAX_DEPTH) this.lexer.fail(`at most ${MAX_DEPTH} levels of nesting`);
    const result = read();
    this.#depth -= levels;
    return result;
  }

  #list(): HclList {
    const { at } = this.lexer.take();
    const elements: HclNode[] = [];
    while (!this.lexer.accept("]")) {
      elements.push(this.value());
      if (!this.lexer.accept(",") && !this.lexer.sees("]")) this.lexer.fail("a comma or ] in the list");
    }
    return { kind: "list", elements, at };
  }

  #number(): HclNumber {
    const token = this.lexer.take();
    const { text, at } = token;
    if (text.length > MAX_NUMBER_LENGTH) this.lexer.fail(`a number of at most ${MAX_NUMBER_LENGTH} digits`, token);
    if (/[.eE]/.test(text) && !/^-?0[xX]/.test(text)) {
      const value = Number(text);
      return Number.isFinite(value) ? { kind: "number", value, text, at } : this.lexer.fail("a smaller number", token);
    }
    const digits = text.replace("-", "");
    if (/^0\d*[89]/.test(digits)) this.lexer.fail("an octal number, since it begins with 0", token);
    const exact = BigInt(digits.replace(/^0(?=\d)/, "0o")) * (text.startsWith("-") ? -1n : 1n);
    const value = Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    return { kind: "number", value, text, at };
  }
}

class HclParser extends Parser {
  document(): HclObject {
    return this.#body(this.lexer.peek().at, "a key", () => this.lexer.peek().kind === "end");
  }

  protected object(): HclObject {
    return this.#body(this.lexer.take().at, "a key or }", () => this.lexer.accept("}"));
  }

  #body(at: Position, expected: string, ends: () => boolean): HclObject {
    const entries: HclEntry[] = [];
    while (!ends()) {
      entries.push(this.#entry(expected));
      this.lexer.accept(",");
    }
    return { kind: "object", entries, at };
  }

  #entry(expected: string): HclEntry {
    const key = this.lexer.peek();
    if (!this.#seesKey()) this.lexer.fail(expected);
    this.lexer.take();
    const labels = [];
    while (this.#seesKey()) labels.push(this.lexer.take());
    const value = this.nested(labels.length, () => this.#assigned(labels.length));
    const body = labels.reduceRight<HclNode>(
      (inner, { text, at }) => ({ kind: "object", entries: [{ key: text, at, value: inner }], at }),
      value,
    );
    return { key: key.text, at: key.at, value: body };
  }

  #assigned(labels: number): HclNode {
    if (this.lexer.sees("{")) return this.value();
    if (labels > 0) this.lexer.fail("{ after the label");
    if (!this.lexer.accept("=")) this.lexer.fail("= or { after the key");
    return this.value();
  }

  #seesKey(): boolean {
    const { kind } = this.lexer.peek();
    return kind === "identifier" || kind === "string";
  }
}

class JsonParser extends Parser {
  document(): HclObject {
    const object = this.nested(1, () => this.object());
    if (this.lexer.peek().kind !== "end") this.lexer.fail("nothing after the object");
    return object;
  }

  protected object(): HclObject {
    const { at } = this.lexer.take();
    const entries: HclEntry[] = [];
    while (!this.lexer.accept("}")) {
      const key = this.lexer.take();
      if (key.kind !== "string") this.lexer.fail("a key in quotes, or }", key);
      if (!this.lexer.accept(":")) this.lexer.fail(": after the key");
      // As in Vault, null is the same as leaving the key out.
      if (!this.lexer.accept("null")) entries.push({ key: key.text, at: key.at, value: this.value() });
      if (!this.lexer.accept(",") && !this.lexer.sees("}")) this.lexer.fail("a comma or } in the object");
    }
    return { kind: "object", entries, at };
  }
}
