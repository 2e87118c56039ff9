// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { namesOf } from "../../src/policies/capability.ts";
import { DEFAULT_POLICY } from "../../src/policies/default-policy.ts";
import { PolicyError, parsePolicy } from "../../src/policies/parse-policy.ts";

const granted = (text: string) =>
  parsePolicy(text).map(({ pattern, capabilities }) => [pattern.text, namesOf(capabilities)]);

describe("a policy", () => {
  test("is the same in HCL and JSON", () => {
    const hcl = 'path "secret/*" { capabilities = ["read", "list"] }\npath "sys/rotate" { capabilities = ["update"] }';
    const json =
      '{"path": {"secret/*": {"capabilities": ["read", "list"]}, "sys/rotate": {"capabilities": ["update"]}}}';
    expect(granted(json)).toEqual(granted(hcl));
    expect(granted(hcl)).toEqual([
      ["secret/*", ["list", "read"]],
      ["sys/rotate", ["update"]],
    ]);
  });

  test.each([
    ["deny", ["deny"]],
    ["read", ["list", "read"]],
    ["write", ["create", "delete", "list", "read", "update"]],
    ["sudo", ["create", "delete", "list", "read", "sudo", "update"]],
  ])("may say %s in one word, as in old times", (word, names) => {
    expect(granted(`path "x" { policy = "${word}" }`)).toEqual([["x", names]]);
  });

  test.each([
    ["no text at all", "", []],
    ["a comment", "# nothing", []],
    ["its name", 'name = "mine"', []],
    ["a path without capabilities, which grants nothing", 'path "x" {}', [["x", ["deny"]]]],
    ["a leading slash, which goes", 'path "/x" { capabilities = ["read"] }', [["x", ["read"]]]],
    ["a comment key", 'path "x" { comment = "why"\n capabilities = ["patch"] }', [["x", ["patch"]]]],
  ])("may have %s", (_what, text, expected) => {
    expect(granted(text)).toEqual(expected);
  });

  test("default is one", () => {
    expect(granted(DEFAULT_POLICY).map(([path]) => path)).toContain("auth/token/lookup-self");
  });
});

describe("a policy is refused, with line and column, for", () => {
  test.each([
    ["a block that does not end", 'path "x" {', /^failed to parse policy: At 1:11: found the end of the text/],
    ["a word that is none", 'path "x" {\n  capabilities = [read]\n}', /^failed to parse policy: At 2:19: /],
    [
      "an unknown capability",
      'path "x" { capabilities=["fly"] }',
      /^failed to parse policy: path "x": invalid capability "fly": use create, read.* \(at 1:26\)$/,
    ],
    [
      "a capability that is a number",
      'path "x" { capabilities=[7] }',
      /holds a number, expected a list of texts \(at 1:26\)$/,
    ],
    [
      "capabilities that are no list",
      'path "x" {\n capabilities = "read" }',
      /capabilities is a text, expected a list of texts \(at 2:17\)$/,
    ],
    [
      "an unknown word",
      'path "x" { policy = "all" }',
      /invalid policy, expected one of deny, read, write, sudo \(at 1:21\)$/,
    ],
    ["an unknown key", 'path "x" { capabilites = [] }', /invalid key "capabilites", expected one of capabilities/],
    ["an unknown key beside the paths", 'paths "x" {}', /invalid key "paths", expected path \(at 1:1\)$/],
    [
      "a key given twice",
      'path "x" { capabilities = []\ncapabilities = [] }',
      /capabilities is given twice \(at 2:1\)$/,
    ],
    ["a path without a name", "path { }\npath = 7", /^failed to parse policy: At 2:8: /],
    ["+ and * together", 'path "a/+*" { capabilities = ["read"] }', /invalid use of wildcards \('\+\*' is forbidden\)/],
    ["a * in the middle", 'path "a/*/b" { capabilities = ["deny"] }', /a \* may only stand at the end of a path/],
    ["a template", 'path "a/{{identity.entity.id}}" { capabilities = ["deny"] }', /templates are not supported/],
    [
      "max_wrapping_ttl",
      'path "x" { max_wrapping_ttl = "1h" }',
      /max_wrapping_ttl is not supported, since responses are not wrapped/,
    ],
    ["control_group", 'path "x" { control_group = { } }', /control_group is not supported/],
    ["mfa_methods", 'path "x" { mfa_methods = ["a"] }', /mfa_methods is not supported/],
    [
      "parameters without lists",
      'path "x" { allowed_parameters = { a = "b" } }',
      /a is a text, expected a list of values/,
    ],
    ["required_parameters that are no list", 'path "x" { required_parameters = "a" }', /expected a list of texts/],
    [
      "JSON with a trailing comma too many",
      '{"path": {"x": {"capabilities": ["read"],,}}}',
      /^failed to parse policy: At 1:/,
    ],
    ["a key of Object.prototype", 'path "x" { toString = "a" }', /invalid key "toString"/],
    ["a word of Object.prototype", 'path "x" { policy = "constructor" }', /invalid policy/],
  ])("%s", (_what, text, message) => {
    expect(() => parsePolicy(text)).toThrow(PolicyError);
    expect(() => parsePolicy(text)).toThrow(message);
  });

  test("anything else that is no policy, and nothing but a PolicyError comes out", () => {
    const piece = fc.constantFrom(
      'path "a" {',
      "}",
      "{",
      "[",
      "]",
      "=",
      '"x"',
      "capabilities",
      "policy",
      "\n",
      "7",
      ",",
      "<<E",
      "allowed_parameters",
      "\u0000",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((all) => all.join(" ")),
          fc.string(),
        ),
        (text) => {
          try {
            parsePolicy(text);
          } catch (error) {
            expect(error).toBeInstanceOf(PolicyError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
