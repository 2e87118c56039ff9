// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonText, readJsonText, readMembers } from "../../src/mounts/json-text.ts";
import { mergePatch } from "../../src/mounts/kv2/merge-patch.ts";

/** RFC 7386, section 2, on plain values. */
function applyPatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const merged = new Map(isObject ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, applyPatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

describe("reading JSON with its text", () => {
  test("finds every member of every object, and the text of each is what JSON.parse reads", () => {
    const check = (value: JsonText): void => {
      const parsed: unknown = JSON.parse(value.text);
      if (value.members === undefined) return;
      expect([...value.members.keys()].sort()).toEqual(Object.keys(parsed as object).sort());
      for (const [name, member] of value.members) {
        expect(JSON.parse(member.text)).toEqual((parsed as Record<string, unknown>)[name]);
        check(member);
      }
    };
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 2), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const read = readJsonText(`\n ${spaced}\t`);
        expect(read.text).toBe(spaced);
        check(read);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"b":1},{"a":{"c":1,"c":1}}]}',
    '{"__proto__":1,"__proto__":2}',
  ])("refuses %s, which says two things", (text) => {
    expect(() => readJsonText(text)).toThrow(/stands twice in one object/);
  });

  test.each(["{", '{"a":}', "{'a':1}", "nul", '{"a":1}}', "01", '"\u0001"', "", '{"a":1,}'])(
    "refuses %j, which is not JSON",
    (text) => {
      expect(() => readJsonText(text)).toThrow("failed to decode JSON input");
    },
  );

  test.each(["[]", "1", "null", '"a"', "true"])("refuses %s where an object is expected", (text) => {
    expect(() => readMembers(text)).toThrow("the body must be a JSON object");
  });

  test("takes no text at all as an object without members", () => {
    expect(readMembers(" \n").size).toBe(0);
  });
});

describe("a merge patch", () => {
  test("does what RFC 7386 says", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (target, patch) => {
        const merged = mergePatch(readJsonText(JSON.stringify(target)), readJsonText(JSON.stringify(patch)));
        expect(JSON.parse(merged)).toEqual(JSON.parse(JSON.stringify(applyPatch(target, patch))));
      }),
      { numRuns: 500 },
    );
  });

  test("leaves what it does not name as it was written", () => {
    const target = readJsonText('{"big": 12345678901234567890, "tiny":1e-400,"one":1.0,"deep":{"x":1E5,"y":[1.50]}}');
    const patch = readJsonText('{"deep":{"z":0.10,"x":null},"__proto__":{"a":1}}');
    expect(mergePatch(target, patch)).toBe(
      '{"big":12345678901234567890,"tiny":1e-400,"one":1.0,"deep":{"y":[1.50],"z":0.10},"__proto__":{"a":1}}',
    );
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });
});
