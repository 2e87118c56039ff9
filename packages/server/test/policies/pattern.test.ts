// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Acl } from "../../src/policies/acl.ts";
import { parsePolicy } from "../../src/policies/parse-policy.ts";

/** Patterns and paths of few different segments, so that they often meet. */
const segment = fc.constantFrom("a", "b", "ab", "+", "");
const pattern = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([segments, isPrefix]) => segments.join("/") + (isPrefix ? "*" : ""))
  .filter((text) => !text.includes("+*") && !text.startsWith("/"));
const path = fc
  .array(fc.constantFrom("a", "b", "ab", "abc", ""), { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join("/"));

/** A pattern as a regular expression: slow, and plain to see. */
function toRegExp(text: string): RegExp {
  const isPrefix = text.endsWith("*");
  const source = (isPrefix ? text.slice(0, -1) : text)
    .split("/")
    .map((each) => (each === "+" ? "[^/]*" : each))
    .join("/");
  return new RegExp(`^${source}${isPrefix ? "" : "$"}`);
}

/** Vault's documented rules of priority, read aloud: whether `a` is of lower priority than `b`. */
function isLower(a: string, b: string): boolean {
  const first = (text: string) => {
    const plus = text.split("/").indexOf("+");
    const place = plus === -1 ? text.indexOf("*") : `${text.split("/").slice(0, plus).join("/")}/`.length;
    return plus === 0 ? 0 : place;
  };
  if (first(a) !== first(b)) return first(a) < first(b);
  if (a.endsWith("*") !== b.endsWith("*")) return a.endsWith("*");
  const pluses = (text: string) => text.split("/").filter((each) => each === "+" || each === "+*").length;
  if (pluses(a) !== pluses(b)) return pluses(a) > pluses(b);
  if (a.length !== b.length) return a.length < b.length;
  return a < b;
}

/** The pattern that counts for a path by the naive model. */
function model(patterns: readonly string[], asked: string): string | undefined {
  if (patterns.includes(asked) && !/[+*]/.test(asked)) return asked;
  const wild = patterns.filter((each) => /(^|\/)\+(\/|$)|\*$/.test(each) && toRegExp(each).test(asked));
  return wild.reduce<string | undefined>(
    (best, each) => (best === undefined || isLower(best, each) ? each : best),
    undefined,
  );
}

const quoted = (text: string) => JSON.stringify(text);
const aclOf = (...policies: string[]) => new Acl(policies.flatMap(parsePolicy));

test("which pattern counts is what the naive model says", () => {
  fc.assert(
    fc.property(fc.uniqueArray(pattern, { minLength: 1, maxLength: 6 }), path, (patterns, asked) => {
      const acl = aclOf(...patterns.map((each) => `path ${quoted(each)} { capabilities = ["read"] }`));
      expect(acl.rule(asked)?.pattern.text).toBe(model(patterns, asked));
    }),
    { numRuns: 2_000 },
  );
});

test("the order of policies and of their paths makes no difference", () => {
  const rule = fc.tuple(pattern, fc.subarray(["create", "read", "update", "list", "deny"]));
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 6 }), path, fc.integer(), (rules, asked, turn) => {
      const texts = rules.map(([where, names]) => `path ${quoted(where)} { capabilities = ${JSON.stringify(names)} }`);
      const at = Math.abs(turn) % texts.length;
      const turned = [...texts.slice(at), ...texts.slice(0, at)].reverse();
      expect(aclOf(turned.join("\n")).capabilities(asked)).toEqual(aclOf(...texts).capabilities(asked));
    }),
    { numRuns: 500 },
  );
});

describe("of several patterns", () => {
  test.each([
    ["an exact path before a prefix", ["a/b", "a/*"], "a/b", "a/b"],
    ["a longer prefix before a shorter one", ["a/*", "a/b*"], "a/bc", "a/b*"],
    ["a later + before an earlier one", ["a/b/+/d", "a/+/c/d"], "a/b/c/d", "a/b/+/d"],
    ["a prefix whose * stands later before a +", ["a/+", "a/b*"], "a/b", "a/b*"],
    ["a + before a * in the same place", ["a/+", "a/*"], "a/b", "a/+"],
    ["fewer + before more", ["+/+/c", "+/b/c"], "a/b/c", "+/b/c"],
    ["a longer one before a shorter one", ["+/b*", "+/bc*"], "a/bcd", "+/bc*"],
  ])("%s counts", (_what, patterns, asked, expected) => {
    const acl = aclOf(...patterns.map((each) => `path ${quoted(each)} { capabilities = ["read"] }`));
    expect(acl.rule(asked)?.pattern.text).toBe(expected);
  });

  test.each([
    ["a + matches one segment only", "a/+", "a/b/c"],
    ["a + inside a segment is itself", "a/x+y", "a/xzy"],
    ["a prefix does not match what is shorter", "a/*", "a"],
    ["an exact path does not match below itself", "a", "a/b"],
    ["case matters", "A/b", "a/b"],
  ])("%s", (_what, where, asked) => {
    expect(aclOf(`path ${quoted(where)} { capabilities = ["read"] }`).rule(asked)).toBeUndefined();
  });
});

describe("the same path in several policies", () => {
  test("grants what any grants", () => {
    const acl = aclOf('path "a/*" { capabilities = ["read"] }', 'path "a/*" { capabilities = ["list", "sudo"] }');
    expect(acl.capabilities("a/b")).toEqual(["list", "read", "sudo"]);
    expect(acl.hasSudo("a/b")).toBe(true);
  });

  test("grants nothing where one denies", () => {
    const acl = aclOf('path "a/*" { capabilities = ["read"] }', 'path "a/*" { capabilities = ["deny", "sudo"] }');
    expect(acl.capabilities("a/b")).toEqual(["deny"]);
    expect(acl.hasSudo("a/b")).toBe(false);
  });

  test("denies nothing on a path of its own that counts more", () => {
    const acl = aclOf('path "a/*" { capabilities = ["deny"] }', 'path "a/b" { capabilities = ["read"] }');
    expect(acl.capabilities("a/b")).toEqual(["read"]);
    expect(acl.capabilities("a/c")).toEqual(["deny"]);
  });
});

test("listing a folder asks the rules without the slash first, and then those with it", () => {
  const acl = aclOf(
    'path "a" { capabilities = ["list"] }',
    'path "b/*" { capabilities = ["list"] }',
    'path "c/+" { capabilities = ["list"] }',
  );
  for (const folder of ["a/", "b/", "b/c/", "c/d/"]) expect(acl.listRule(folder), folder).toBeDefined();
  for (const folder of ["c/d/e/", "d/", "bc/"]) expect(acl.listRule(folder), folder).toBeUndefined();
});
