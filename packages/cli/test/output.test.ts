// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { asDurationIfNamedSo, humanDuration } from "../src/output/duration.ts";
import { goQuotedList, goValue } from "../src/output/go-value.ts";
import { ExactNumber, parseJson, sortedKeys, toIndentedJson, toJson } from "../src/output/json-text.ts";
import { columns, keyValueTable, tableTitle } from "../src/output/table.ts";
import { paragraph } from "../src/output/wrap.ts";
import { toYaml } from "../src/output/yaml.ts";

describe("JSON", () => {
  it.each([
    "9007199254740993",
    "12345678901234567890",
    "-0",
    "1.10",
    "1e400",
    "1E5",
    "0.1000000000000000055511151231257827",
  ])("keeps the digits of %s", (text) => {
    expect(toJson(parseJson(`{"a":[${text}]}`))).toBe(`{"a":[${text}]}`);
  });

  it("sorts keys by bytes, numbers among them, on every level", () => {
    const value = parseJson('{"2":1,"10":{"b":1,"a":2},"é":0,"B":0,"a":0}');
    expect(toJson(sortedKeys(value))).toBe('{"10":{"a":2,"b":1},"2":1,"B":0,"a":0,"é":0}');
  });

  it("keeps a key named __proto__ as a key", () => {
    expect(toJson(sortedKeys(parseJson('{"__proto__":{"x":1},"a":2}')))).toBe('{"__proto__":{"x":1},"a":2}');
  });

  it("writes empty lists and objects on one line when indented", () => {
    expect(toIndentedJson({ a: [], b: {}, c: null, d: [1, { e: "f" }] })).toBe(
      JSON.stringify({ a: [], b: {}, c: null, d: [1, { e: "f" }] }, null, 2),
    );
  });

  it.each(["", "{", "{'a':1}", "[1,]", "nul"])("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

describe("YAML", () => {
  it.each([
    ["", '""'],
    ["n", '"n"'],
    ["Yes", '"Yes"'],
    ["null", '"null"'],
    ["~", '"~"'],
    ["12", '"12"'],
    ["0x1f", '"0x1f"'],
    ["1e3", '"1e3"'],
    ["2026-08-18T15:43:05Z", '"2026-08-18T15:43:05Z"'],
    ["- a", '"- a"'],
    ["a: b", '"a: b"'],
    ["a #b", '"a #b"'],
    ["a\nb", '"a\\nb"'],
    [" a", '" a"'],
    ["2.6.2+hsm", "2.6.2+hsm"],
    ["shamir", "shamir"],
    ["a/b=c", "a/b=c"],
  ])("writes the text %j as %s", (text, written) => {
    expect(toYaml({ key: text })).toBe(`key: ${written}\n`);
  });

  it("nests maps and lists with sorted keys", () => {
    const value = { b: [{ y: 1, x: [2] }, "c"], a: { d: null, c: {} }, n: new ExactNumber("1.10") };
    expect(toYaml(value)).toBe('a:\n  c: {}\n  d: null\nb:\n- x:\n  - 2\n  "y": 1\n- c\n"n": 1.10\n');
  });
});

describe("tables", () => {
  it("pad all cells but the last, and show an empty cell as n/a", () => {
    expect(
      columns([
        ["a", "", "long"],
        ["bbb", "c", ""],
      ]),
    ).toBe("a      n/a    long\nbbb    c      n/a");
  });

  it("count characters, not bytes", () => {
    expect(keyValueTable([["é", "∞"]])).toBe("Key    Value\n---    -----\né      ∞");
  });

  it("have titles at least as wide as two signs on each side", () => {
    expect(tableTitle("Data", [])).toBe("== Data ==");
    expect(tableTitle("Data", ["user"])).toBe("==== Data ====");
  });
});

describe("values in tables", () => {
  it("read as Go prints them", () => {
    expect(goValue(null)).toBe("<nil>");
    expect(goValue({ b: [1, "x"], a: true })).toBe("map[a:true b:[1 x]]");
    expect(goQuotedList(["default", 'a"b'])).toBe('["default" "a\\"b"]');
  });

  it.each([
    [0, "0s"],
    [59, "59s"],
    [90, "1m30s"],
    [3600, "1h"],
    [3601, "1h0m1s"],
    [2764800, "768h"],
    [-60, "-1m"],
  ])("write %d seconds as %s", (seconds, written) => {
    expect(humanDuration(seconds)).toBe(written);
  });

  it("are durations only in fields named so", () => {
    expect(asDurationIfNamedSo("creation_ttl", 60)).toBe("1m");
    expect(asDurationIfNamedSo("interval", 60)).toBe(60);
    expect(asDurationIfNamedSo("ttl", "1h")).toBe("1h");
  });
});

describe("paragraphs", () => {
  it("break at 78 columns and leave a longer word whole", () => {
    const word = "x".repeat(90);
    expect(
      paragraph(`${"ab ".repeat(30).trim()} ${word}`)
        .split("\n")
        .map((line) => line.length),
    ).toEqual([77, 11, 90]);
  });
});
