// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Acl } from "../../src/policies/acl.ts";
import { permits, restricts } from "../../src/policies/parameters.ts";
import { parsePolicy } from "../../src/policies/parse-policy.ts";

/** The rules of one path, from the bodies of its blocks. */
function rules(...bodies: string[]) {
  const acl = new Acl(bodies.flatMap((body) => parsePolicy(`path "x" { capabilities = ["update"]\n${body} }`)));
  const rule = acl.rule("x");
  if (rule === undefined) throw new Error("the path has no rule");
  return rule.parameters;
}

describe("parameter rules let through", () => {
  test.each([
    ["anything where there are none", "", { a: 1n }],
    ["fields that are allowed with any value", "allowed_parameters = { a = [] }", { a: "x" }],
    ["a field in other letters", "allowed_parameters = { Ab = [] }", { aB: "x" }],
    ["an allowed value", 'allowed_parameters = { a = ["x", 7, true] }', { a: 7n }],
    ["an allowed list", 'allowed_parameters = { a = [["x"]] }', { a: ["x"] }],
    ["other fields beside *", 'allowed_parameters = { a = ["x"], "*" = [] }', { a: "x", b: "y" }],
    ["what begins as allowed", 'allowed_parameters = { a = ["pre*"] }', { a: "prefix" }],
    ["what ends as allowed", 'allowed_parameters = { a = ["*fix"] }', { a: "prefix" }],
    ["what contains it", 'allowed_parameters = { a = ["*ref*"] }', { a: "prefix" }],
    ["values that are not denied", 'denied_parameters = { a = ["x"] }', { a: "y", b: "x" }],
    ["no fields at all", 'denied_parameters = { "*" = [] }', {}],
    ["what has the required fields", 'required_parameters = ["A"]', { a: null }],
  ])("%s", (_what, body, fields) => {
    expect(permits(rules(body), fields)).toBe(true);
  });
});

describe("parameter rules stop", () => {
  test.each([
    ["fields that are not allowed", "allowed_parameters = { a = [] }", { a: 1n, b: 1n }],
    ["values that are not allowed", 'allowed_parameters = { a = ["x"] }', { a: "y" }],
    ["a number instead of its text", 'allowed_parameters = { a = ["7"] }', { a: 7n }],
    ["a list around the value", 'allowed_parameters = { a = ["x"] }', { a: ["x"] }],
    ["denied values", 'denied_parameters = { a = ["x*"] }', { a: "xy" }],
    ["denied fields", "denied_parameters = { a = [] }", { A: "any" }],
    ["everything", 'denied_parameters = { "*" = [] }', { b: 1n }],
    ["what is both allowed and denied", "allowed_parameters = { a = [] }\ndenied_parameters = { a = [] }", { a: 1n }],
    ["what lacks a required field", 'required_parameters = ["a", "b"]', { a: 1n }],
    [
      "a whole number beyond 2^53 next to the allowed one",
      "allowed_parameters = { a = [9007199254740993] }",
      { a: 9007199254740992n },
    ],
    ["a field named like a property of every object", "allowed_parameters = { a = [] }", { constructor: "x" }],
  ])("%s", (_what, body, fields) => {
    expect(permits(rules(body), fields)).toBe(false);
  });
});

describe("of several policies", () => {
  test("values add up, and any value wins", () => {
    const both = rules('allowed_parameters = { a = ["x"] }', 'allowed_parameters = { a = ["y"] }');
    expect([permits(both, { a: "x" }), permits(both, { a: "y" }), permits(both, { a: "z" })]).toEqual([
      true,
      true,
      false,
    ]);
    expect(permits(rules('allowed_parameters = { a = ["x"] }', "allowed_parameters = { a = [] }"), { a: "z" })).toBe(
      true,
    );
  });

  test("what is required or denied by one is so for all", () => {
    expect(permits(rules('required_parameters = ["a"]', ""), {})).toBe(false);
    expect(permits(rules("denied_parameters = { a = [] }", ""), { a: 1n })).toBe(false);
  });

  test("a path without parameters asks for none", () => {
    expect(restricts(rules("", ""))).toBe(false);
  });
});
