// SPDX-License-Identifier: Apache-2.0
import type { TestRunner } from "./runner.ts";
import type { StorageHarness } from "./storage-harness.ts";
import { put, remove } from "./storage-samples.ts";
import { allPaths, testsWithStorage } from "./storage-suite.ts";

/** Registers what the suite asks about `list`. */
export function describeStorageLists(harness: StorageHarness, runner: TestRunner): void {
  const { describe, expect } = runner;
  const withStorage = testsWithStorage(harness, runner);

  describe("lists", () => {
    withStorage("names entries and folders directly below, each once", async (storage) => {
      await storage.write(["a", "b/c", "b/d", "b/e/f", "b/e/g/h"].map((path) => put(path, "x")));
      expect(await storage.list("")).toEqual(["a", "b/"]);
      expect(await storage.list("b/")).toEqual(["c", "d", "e/"]);
      expect(await storage.list("b/e/")).toEqual(["f", "g/"]);
    });

    withStorage("an entry and a folder of one name are two, and either can go first", async (storage) => {
      await storage.write([put("a", "entry"), put("a/b", "below"), put("a/b/c", "deeper")]);
      expect(await storage.list("")).toEqual(["a", "a/"]);
      expect(await storage.list("a/")).toEqual(["b", "b/"]);
      await storage.write([remove("a")]);
      expect(await allPaths(storage)).toEqual(["a/b", "a/b/c"]);
      await storage.write([put("a", "again"), remove("a/b/c"), remove("a/b")]);
      expect(await allPaths(storage)).toEqual(["a"]);
    });

    withStorage("ascends by UTF-8 bytes, not by letters, numbers or UTF-16", async (storage) => {
      const ascending = ["0", "10", "9", "A", "a", "a!", "a-", "a/", "a0", "aa", "b", "é", "\ue000", "\uffee", "🔑"];
      const written = ascending.map((each) => put(each.endsWith("/") ? `${each}x` : each, "x"));
      await storage.write(written.toReversed());
      expect(await storage.list("")).toEqual(ascending);
      await storage.write(written.map(({ path }) => put(`below/${path}`, "x")));
      expect(await storage.list("below/")).toEqual(ascending);
    });

    withStorage("a prefix is a folder, not the beginning of a name", async (storage) => {
      await storage.write(["ab", "ab/c", "abc/d", "a/b", "ab0"].map((path) => put(path, "x")));
      expect(await storage.list("ab/")).toEqual(["c"]);
      expect(await storage.list("a/")).toEqual(["b"]);
    });

    withStorage("a folder is there as long as something is in it", async (storage) => {
      await storage.write([put("a/b/c", "x"), put("a/d", "x")]);
      await storage.write([remove("a/b/c")]);
      expect(await storage.list("a/")).toEqual(["d"]);
      await storage.write([remove("a/d")]);
      expect(await storage.list("")).toEqual([]);
    });

    withStorage("names 500 folders of 4 entries and 500 entries", async (storage) => {
      const folders = Array.from({ length: 500 }, (_, i) => `f${String(i).padStart(3, "0")}`);
      await storage.write(folders.flatMap((each) => [0, 1, 2, 3].map((n) => put(`all/${each}/${n}/x`, "x"))));
      await storage.write(folders.map((each) => put(`all/${each}`, "x")));
      expect(await storage.list("all/")).toEqual(folders.flatMap((each) => [each, `${each}/`]));
    });
  });
}
