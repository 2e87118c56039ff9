// SPDX-License-Identifier: Apache-2.0
import { parse } from "@cdktn/hcl2json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HclError, type HclNode, type HclObject, parseHcl } from "../../../src/config/hcl/index.ts";

/** HCL 1 and HCL 2 agree on what these make: block keys begin with b_, labels with l_, other keys with a_. */
const name = (prefix: string) => fc.stringMatching(/^[a-z0-9]{1,6}$/).map((rest) => `${prefix}_${rest}`);
// No $ and %, which begin templates in HCL 2, and nothing that normalises to other characters.
const text = fc.stringMatching(/^[ -#&-~éßλ漢😀]{0,12}$/u);
const blank = fc.constantFrom(" ", "  ", "\t", " /* c */ ");
const lineEnd = fc.constantFrom("\n", "\n\n", " # c\n", " // c \n", "\r\n", "\n/* c\n c */\n");

const scalar = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\n\\r\\t\\"\\\\"', '"\\u00e9"', "true", "false"),
  fc.maxSafeInteger().map(String),
  fc.tuple(fc.nat(9999), fc.nat(9999)).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc
    .array(fc.stringMatching(/^[a-z "\\]{0,8}$/), { maxLength: 3 })
    .map((lines) => ["<<EOT", ...lines.map((line) => `x${line}`), "EOT\n"].join("\n")),
);
const inline = scalar.filter((value) => !value.startsWith("<<"));
const list = fc.array(inline, { maxLength: 4 }).map((elements) => `[${elements.join(", ")}]`);
const map = fc
  .uniqueArray(fc.tuple(name("a"), inline), { maxLength: 3, selector: ([key]) => key })
  .map((entries) => `{ ${entries.map(([key, value]) => `${key} = ${value}`).join(", ")} }`);

const { body } = fc.letrec<{ body: string; block: string }>((tie) => ({
  body: fc
    .tuple(
      fc.uniqueArray(fc.tuple(name("a"), fc.oneof(scalar, list, map), blank, lineEnd), {
        maxLength: 4,
        selector: ([key]) => key,
      }),
      fc.array(tie("block"), { maxLength: 2 }),
    )
    .map(([attributes, blocks]) =>
      [
        ...attributes.map(
          ([key, value, space, end]) => `${key}${space}=${space}${value}${value.startsWith("<<") ? "" : end}`,
        ),
        ...blocks,
      ].join(""),
    ),
  block: fc
    .tuple(
      name("b"),
      fc.option(name("l"), { nil: undefined }),
      fc.oneof({ depthSize: "small" }, fc.constant(""), tie("body")),
    )
    .map(([key, label, content]) => `${key}${label === undefined ? "" : ` "${label}"`} {\n${content}}\n`),
}));

/** The tree as hcl2json gives it: blocks as lists under their labels. */
function asOracle(object: HclObject): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { key, value } of object.entries) {
    if (!key.startsWith("b_")) {
      result[key] = plain(value);
      continue;
    }
    const only = value.kind === "object" && value.entries.length === 1 ? value.entries[0] : undefined;
    const label = only?.key.startsWith("l_") ? only : undefined;
    const inside = asOracle((label?.value ?? value) as HclObject);
    if (label === undefined) {
      result[key] = [...((result[key] as unknown[] | undefined) ?? []), inside];
    } else {
      const labels = (result[key] ?? {}) as Record<string, unknown[]>;
      result[key] = { ...labels, [label.key]: [...(labels[label.key] ?? []), inside] };
    }
  }
  return result;
}

function plain(node: HclNode): unknown {
  if (node.kind === "list") return node.elements.map(plain);
  return node.kind === "object" ? asOracle(node) : node.value;
}

/** Blocks of one key either all have a label or none has: HCL 2's JSON cannot say otherwise. */
function labelled(content: string): boolean {
  const keys = (pattern: RegExp) => new Set([...content.matchAll(pattern)].map(([, key]) => key));
  const with_ = keys(/(b_\w+) "l_/g);
  return [...keys(/(b_\w+) \{/g)].every((key) => !with_.has(key));
}

describe("the HCL reader", () => {
  it("agrees with HCL 2 on what both can read", async () => {
    await fc.assert(
      fc.asyncProperty(body.filter(labelled), async (content) => {
        expect(asOracle(parseHcl(content, "test"))).toEqual(await parse("test.hcl", content));
      }),
      { numRuns: 200 },
    );
  });

  it("agrees with JSON.parse on any JSON object of whole characters", () => {
    const json = fc.dictionary(
      fc.string({ unit: "grapheme" }),
      fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" }).filter((value) => !JSON.stringify(value).includes("null")),
    );
    const back = (node: HclNode): unknown => {
      if (node.kind === "list") return node.elements.map(back);
      if (node.kind === "number") return Number(node.value);
      if (node.kind !== "object") return node.value;
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, back(value)]));
    };
    fc.assert(
      fc.property(json, (value) => {
        const written = JSON.stringify(value);
        expect(back(parseHcl(written, "test"))).toEqual(JSON.parse(written));
      }),
      { numRuns: 300 },
    );
  });

  it("reads every integer exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (integer) => {
        const value = parseHcl(`a = ${integer}`, "test").entries[0]?.value;
        expect(value?.kind === "number" && BigInt(value.value)).toBe(integer);
      }),
    );
  });

  it("throws nothing but its own error, whatever the text", () => {
    const piece = fc.constantFrom(
      ..."a b {}[]=,:\"\\$<>-#/*.0x1e5\n\r\t'é😀".match(/./gsu)!,
      "<<E\n",
      "E\n",
      "${",
      "true",
      "null",
    );
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece, { maxLength: 40 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom("", "a = ", "{", '{"a":', "a {"), (content, start) => {
        try {
          parseHcl(start + content, "test");
        } catch (error) {
          expect(error).toBeInstanceOf(HclError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ["brackets", "["],
    ["braces", "a {"],
    ["stars in a comment", "/*", "*"],
    ["templates", 'a = "', "${"],
    ["escapes", 'a = "', "\\n"],
    ["digits", "a = ", "1"],
    ["letters", "", "é𝒜"],
    ["blank lines", "a = <<E\n", "\n"],
    ["labels", "", "a "],
    ["objects of JSON", "", '{"a":'],
  ])("refuses a megabyte of %s in linear time", (_what, start, unit = start) => {
    expect(() => parseHcl(start + unit.repeat(1_000_000 / unit.length), "test")).toThrow(HclError);
  });
});
