// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { blocksOf, HclError, parseHcl } from "../../../src/config/hcl/index.ts";

function refusal(text: string): HclError {
  try {
    parseHcl(text, "c.hcl");
  } catch (error) {
    if (error instanceof HclError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("the HCL reader refuses", () => {
  it.each([
    ["a key without a value", "a", "1:2: found the end of the text, expected = or { after the key"],
    ["a value left out", "a =\n}", "2:1: found }, expected a value"],
    ["a value that is a bare word", "a = b", "1:5: found a word without quotes, expected a value"],
    ["a duration without quotes", "a = 90s", "1:5: found a number with letters behind it, expected a number"],
    ["null", "a = null", "1:5: found a word without quotes, expected a value"],
    ["a colon for an equals sign", "a: 1", '1:2: found ":", expected a key or a value'],
    ["a number as a key", "1 = 2", "1:1: found a number, expected a key"],
    ["a heredoc as a key", "<<E\nx\nE\n = 1", "1:1: found a heredoc, expected a key"],
    ["a label before an equals sign", 'a "b" = {}', "1:7: found =, expected { after the label"],
    ["a block that is never closed", "a {\n  b = 1\n", "3:1: found the end of the text, expected a key or }"],
    ["a brace that closes nothing", "a {}\n}", "2:1: found }, expected a key"],
    ["two commas in an object", "a = { b = 1,, }", "1:13: found ,, expected a key or }"],
    ["a list that is never closed", "a = [1", "1:7: found the end of the text, expected a comma or ] in the list"],
    ["a list without commas", "a = [1 2]", "1:8: found a number, expected a comma or ] in the list"],
    ["a list with a comma first", "a = [,1]", "1:6: found ,, expected a value"],
    ["a text closed on another line", 'a = "x\ny"', '1:5: found the end of the line, expected the " that closes'],
    ["a text that is never closed", 'a = "x', '1:5: found the end of the text, expected the " that closes'],
    ["a text in single quotes", "a = 'x'", '1:5: found "\'", expected a key or a value'],
    ["an unknown escape", 'a = "x\\q"', "1:7: found \\q, expected \\n"],
    ["an escape cut short", 'a = "\\u12"', "1:6: found \\u, expected \\n"],
    ["an escape beyond Unicode", 'a = "\\U00110000"', "1:6: found \\U00110000, expected a Unicode character"],
    ["half a surrogate pair", 'a = "\\ud800"', "1:6: found \\ud800, expected a Unicode character"],
    ["a byte escape beyond ASCII", 'a = "\\xff"', "1:6: found \\xff, expected \\uXXXX"],
    ["an octal escape beyond ASCII", 'a = "\\377"', "1:6: found \\377, expected \\uXXXX"],
    ["a template that is never closed", 'a = "x ${y"', "1:8: found the end of the text, expected the } that closes"],
    ["a heredoc that is never closed", "a = <<E\nx\n", "1:5: found the end of the text, expected a line E that closes"],
    ["a heredoc with text behind its mark", "a = <<E x\nE\n", '1:5: found "<", expected <<MARK or <<-MARK'],
    ["a heredoc without a mark", "a = <<\nx\n", '1:5: found "<", expected <<MARK or <<-MARK'],
    ["a comment that is never closed", "a = 1\n/* b", "2:1: found the end of the text, expected the */"],
    ["a lone slash", "/ a", '1:1: found "/", expected a key or a value'],
    ["an octal number with an 8", "a = 0800", "1:5: found a number, expected an octal number"],
    ["a number beyond floats", "a = 1e999", "1:5: found a number, expected a smaller number"],
    [
      "a number of 101 digits",
      `a = ${"1".repeat(101)}`,
      "1:5: found a number, expected a number of at most 100 digits",
    ],
    ["a minus apart from its number", "a = - 5", '1:5: found "-", expected a key or a value'],
    ["a control character", "a\u0000 = 1", '1:2: found "\\u0000", expected a key or a value'],
    ["101 levels of lists", `a = ${"[".repeat(101)}`, "1:105: found [, expected at most 100 levels of nesting"],
    ["101 levels of blocks", "a {".repeat(101), "found {, expected at most 100 levels of nesting"],
    ["101 labels", `${"a ".repeat(102)}{}`, "found {, expected at most 100 levels of nesting"],
    ["JSON without quotes around a key", "{a: 1}", "1:2: found a word without quotes, expected a key in quotes"],
    ["JSON with an equals sign", '{"a" = 1}', '1:6: found "=", expected a key or a value'],
    ["JSON without a colon", '{"a" 1}', "1:6: found a number, expected : after the key"],
    ["JSON without a comma", '{"a": 1 "b": 2}', "1:9: found a text in quotes, expected a comma or }"],
    ["JSON that is never closed", '{"a": 1', "1:8: found the end of the text, expected a comma or }"],
    ["JSON with something behind it", '{"a": 1} b', "1:10: found a word without quotes, expected nothing after"],
    ["JSON with a comment", '{"a": 1} # b', '1:10: found "#", expected a key or a value'],
    ["JSON with a hexadecimal number", '{"a": 0x10}', "1:7: found a number with letters behind it, expected a number"],
    ["JSON with null in a list", '{"a": [null]}', "1:8: found a word without quotes, expected a value"],
    ["JSON with an escape of HCL", '{"a": "\\x41"}', "1:7: found a string, expected a JSON string"],
    ["JSON with half a surrogate pair", '{"a": "\\ud800"}', "1:7: found a string, expected a JSON string"],
    ["JSON with a tab in a text", '{"a": "\t"}', "1:7: found a string, expected a JSON string"],
    ["JSON with 101 levels", `{"a": ${"[".repeat(101)}`, "found [, expected at most 100 levels of nesting"],
    ["JSON with a heredoc", '{"a": <<E\nx\nE\n}', '1:7: found "<", expected a key or a value'],
  ])("%s", (_what, text, message) => {
    expect(refusal(text).message).toContain(message);
  });

  it("and shows no word, number or text of the file, which may be a secret", () => {
    for (const text of [
      "pin = s3cret",
      'pin = ["a" s3cret]',
      "pin = 12s3cret",
      'pin = "a" = "s3cret"',
      '{"pin": s3cret}',
    ]) {
      expect(refusal(text).message).not.toContain("s3cret");
    }
  });

  it("a label or value where a block is expected", () => {
    const [entry] = parseHcl('seal = { static = "x" }', "c.hcl").entries;
    expect(() => blocksOf("c.hcl", entry!, 1)).toThrow(
      'c.hcl:1:19: found a text, expected a block such as seal "…" { … }',
    );
    expect(() => blocksOf("c.hcl", entry!, 2)).toThrow('expected a block such as seal "…" "…" { … }');
  });
});

describe("a hundred levels", () => {
  it("of lists are read", () => {
    expect(parseHcl(`a = ${"[".repeat(100)}${"]".repeat(100)}`, "c.hcl").entries).toHaveLength(1);
  });
});
