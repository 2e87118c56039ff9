// SPDX-License-Identifier: Apache-2.0
import { checkPath } from "@sealwright/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HttpError } from "../../src/http/problem.ts";
import { encodeEntryPath, listEntries } from "../../src/mounts/entry-path.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

/** Segments that a path rule may trip over, beside any other text that a request's path can hold. */
const awkward = fc.constantFrom(
  "_",
  "__x",
  "=",
  "=3d",
  "=5f_",
  "a=",
  "..a",
  ".hidden",
  "_=.",
  "é",
  "日本語",
  "😀",
  " ",
  "%",
  "*",
);
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "_", "=", ".", "é", "😀") },
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);
const segment = fc
  .oneof(awkward, fc.string({ unit, minLength: 1, maxLength: 12 }), fc.string({ unit, minLength: 100, maxLength: 150 }))
  .filter((text) => text !== "." && text !== ".." && !/[\p{Cc}\p{Cs}/]/u.test(text));
const userPath = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));

function encoded(path: string): string | undefined {
  try {
    return encodeEntryPath(path);
  } catch (error) {
    expect(error).toBeInstanceOf(HttpError);
    return undefined;
  }
}

describe("the storage path of a user's path", () => {
  test("obeys the storage's rule", () => {
    fc.assert(
      fc.property(userPath, (path) => {
        const stored = encoded(path);
        if (stored !== undefined) checkPath(`${"p".repeat(100)}/${stored}`);
      }),
      { numRuns: 500 },
    );
  });

  test("differs where users' paths differ", () => {
    fc.assert(
      fc.property(userPath, userPath, (a, b) => {
        const stored = encoded(a);
        if (a !== b && stored !== undefined) expect(encoded(b)).not.toBe(stored);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a", "a"],
    ["a/b", "a/b"],
    ["", ""],
    ["a/", "a/"],
    ["_a/=b", "=5fa/=3db"],
    [".hidden", "=2ehidden"],
    ["x".repeat(201), `${"x".repeat(200)}=/x`],
    [`${"x".repeat(200)}.`, `${"x".repeat(200)}=/=2e`],
    [`${"x".repeat(200)}_`, `${"x".repeat(200)}=/=5f`],
  ])("of %j is %j", (path, stored) => {
    expect(encodeEntryPath(path)).toBe(stored);
  });

  test.each([
    ["10,000 characters in one segment", "x".repeat(10_000)],
    ["901 bytes", "x".repeat(901)],
    ["many segments", "a/".repeat(451)],
    ["a million escapes", "=".repeat(1_000_000)],
    ["few characters that take many bytes", "😀".repeat(226)],
  ])("is refused for %s, with the number of bytes that are allowed", (_what, path) => {
    expect(() => encodeEntryPath(path)).toThrow(/too long: 900 bytes/);
  });

  test.each(["/a", "a//b", "//"])("is refused for %j, which has an empty segment", (path) => {
    expect(() => encodeEntryPath(path)).toThrow("the path has an empty segment");
  });
});

describe("listing", () => {
  let server: TestServer;
  let folder = 0;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.server.stop());

  test("gives back the names that users wrote, in the order of their bytes", async () => {
    const { barrier } = server.server.store;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(userPath, { minLength: 1, maxLength: 8 }), async (paths) => {
        const prefix = `sealwright/data/list-${folder++}/`;
        const kept = paths.filter((path) => encoded(path) !== undefined);
        for (const path of kept) await barrier.put(prefix + encodeEntryPath(path), Buffer.from("x"));
        const names = kept.map((path) => (path.includes("/") ? `${path.split("/", 1)[0]}/` : path));
        const expected = [...new Set(names)]
          .map((name) => Buffer.from(name))
          .sort(Buffer.compare)
          .map(String);
        expect(await listEntries(barrier, prefix)).toEqual(expected);
        for (const path of kept) {
          const slash = path.indexOf("/");
          if (slash === -1) continue;
          const below = await listEntries(barrier, prefix + encodeEntryPath(path.slice(0, slash + 1)));
          const name = path.slice(slash + 1).split("/", 1)[0] ?? "";
          expect(below.some((each) => each === name || each === `${name}/`)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});
