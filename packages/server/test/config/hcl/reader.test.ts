// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { blocksOf, type HclNode, type HclObject, parseHcl } from "../../../src/config/hcl/index.ts";

/** The tree without places; repeated keys become pairs, so that nothing is lost. */
function plain(node: HclNode): unknown {
  if (node.kind === "list") return node.elements.map(plain);
  return node.kind === "object" ? node.entries.map(({ key, value }) => [key, plain(value)]) : node.value;
}

const read = (text: string) => plain(parseHcl(text, "test"));
const assigned = (text: string) => {
  const entry = parseHcl(`a = ${text}`, "test").entries[0];
  return entry === undefined ? undefined : plain(entry.value);
};

describe("the HCL reader's values", () => {
  it.each([
    ["0", 0],
    ["-5", -5],
    ["0x1F", 31],
    ["0755", 493],
    ["1.5", 1.5],
    [".5", 0.5],
    ["1e3", 1000],
    ["-2.5E-1", -0.25],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740993", 9007199254740993n],
    ["-18446744073709551616", -18446744073709551616n],
    ["true", true],
    ["false", false],
    ['""', ""],
    ['"a b"', "a b"],
    ['"\\n\\t\\"\\\\"', '\n\t"\\'],
    ['"\\x41\\101\\u00e9\\U0001F600"', "AAé😀"],
    [`"\${var.x}"`, `\${var.x}`],
    [`"a \${b("c") {d}} e"`, `a \${b("c") {d}} e`],
    ['"$5 $$ $"', "$5 $$ $"],
    ["[]", []],
    ['[1, "x", true, [2], ]', [1, "x", true, [2]]],
    ["{}", []],
    [
      "{ b = 1, c = 2 }",
      [
        ["b", 1],
        ["c", 2],
      ],
    ],
  ] as const)("reads %s", (text, value) => {
    expect(assigned(text)).toStrictEqual(value);
  });

  it("keeps a number as it was written", () => {
    expect(parseHcl("pin = 0012", "test").entries[0]?.value).toMatchObject({ kind: "number", value: 10, text: "0012" });
  });

  it("reads a heredoc up to its mark, without its last line break taken away", () => {
    expect(assigned("<<EOT\none\n  two\nEOT\n")).toBe("one\n  two\n");
  });

  it("takes the mark's indentation from the lines of <<-", () => {
    expect(assigned("<<-EOT\n    one\n      two\n    EOT\n")).toBe("one\n  two\n");
  });

  it("takes no indentation where a line has less than the mark", () => {
    expect(assigned("<<-EOT\n    one\n  two\n    EOT\n")).toBe("    one\n  two\n");
  });

  it("does not end a heredoc at a line that only begins with the mark", () => {
    expect(assigned("<<E\nEE\nE x\nE\n")).toBe("EE\nE x\n");
  });

  it("reads a heredoc whose mark ends the text", () => {
    expect(assigned("<<E\nx\nE")).toBe("x\n");
  });

  it("does not read escapes or templates in a heredoc", () => {
    expect(assigned('<<E\n\\n "${\nE\n')).toBe('\\n "${\n');
  });
});

describe("the HCL reader's structure", () => {
  it("gives labels, assigned objects and JSON the same tree", () => {
    const tree = [["seal", [["static", [["current_key_id", "k1"]]]]]];
    expect(read('seal "static" {\n  current_key_id = "k1"\n}')).toStrictEqual(tree);
    expect(read('seal static { "current_key_id" = "k1" }')).toStrictEqual(tree);
    expect(read('seal = { static = { current_key_id = "k1" } }')).toStrictEqual(tree);
    expect(read('{"seal": {"static": {"current_key_id": "k1"}}}')).toStrictEqual(tree);
  });

  it("keeps repeated blocks in their order", () => {
    expect(read("a { x = 1 }\nb = 2\na { x = 3 }")).toStrictEqual([
      ["a", [["x", 1]]],
      ["b", 2],
      ["a", [["x", 3]]],
    ]);
  });

  it("skips comments of all three kinds, byte order mark, and Windows line ends", () => {
    expect(read("\uFEFF# one\r\n// two\r\na = 1 # three\r\n/* four\r\n * five **/ b = /**/ 2\r\n")).toStrictEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  it("reads several keys on a line, with and without commas, as Vault does", () => {
    expect(read("a = 1 b = 2, c { d = 3 e = 4 }")).toStrictEqual([
      ["a", 1],
      ["b", 2],
      [
        "c",
        [
          ["d", 3],
          ["e", 4],
        ],
      ],
    ]);
  });

  it("reads an empty text as an empty object", () => {
    expect(read("")).toStrictEqual([]);
    expect(read(" \n# nothing\n")).toStrictEqual([]);
  });

  it("reads a policy", () => {
    const [entry] = parseHcl('path "secret/*" {\n  capabilities = ["read", "list"]\n}', "policy").entries;
    expect(blocksOf("policy", entry!, 1)).toMatchObject([{ labels: ["secret/*"], at: { line: 1, column: 6 } }]);
  });

  it("reads JSON with exact integers, escapes of JSON, null as absence and a comma too many", () => {
    expect(
      read('{"a": 18446744073709551615, "b": "\\/\\u00e9\\ud83d\\ude00", "c": null, "d": [1, 2,],}'),
    ).toStrictEqual([
      ["a", 18446744073709551615n],
      ["b", "/é😀"],
      ["d", [1, 2]],
    ]);
  });

  it("does not take templates in JSON texts apart", () => {
    expect(read(`{"a": "\${"}`)).toStrictEqual([["a", "${"]]);
  });

  it("finds blocks in objects and in lists of objects", () => {
    const labels = (text: string) => {
      const [entry] = parseHcl(text, "test").entries;
      return blocksOf("test", entry!, 1).map((block) => block.labels[0]);
    };
    expect(labels('{"listener": {"tcp": {}, "unix": {}}}')).toStrictEqual(["tcp", "unix"]);
    expect(labels('{"listener": [{"tcp": {}}, {"tcp": [{}, {}]}]}')).toStrictEqual(["tcp", "tcp", "tcp"]);
  });
});

describe("the HCL reader's places", () => {
  it("gives every key and value its line and column", () => {
    const tree = parseHcl('# first\nseal "static" {\n  key = "é😀" other = [1,\n 2]\n}\n', "test");
    const seal = tree.entries[0]!;
    const type = (seal.value as HclObject).entries[0]!;
    const [key, other] = (type.value as HclObject).entries;
    expect(seal.at).toStrictEqual({ line: 2, column: 1 });
    expect(type.at).toStrictEqual({ line: 2, column: 6 });
    expect(type.value.at).toStrictEqual({ line: 2, column: 15 });
    expect(key?.at).toStrictEqual({ line: 3, column: 3 });
    expect(key?.value.at).toStrictEqual({ line: 3, column: 9 });
    expect(other?.at).toStrictEqual({ line: 3, column: 14 });
    expect(other?.value).toMatchObject({ elements: [{ at: { line: 3, column: 23 } }, { at: { line: 4, column: 2 } }] });
  });

  it("gives the places in JSON too", () => {
    const tree = parseHcl('{\n  "a": {"b": true}\n}', "test");
    expect(tree.entries[0]).toMatchObject({ at: { line: 2, column: 3 }, value: { at: { line: 2, column: 8 } } });
  });
});
