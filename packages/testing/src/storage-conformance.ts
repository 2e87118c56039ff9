// SPDX-License-Identifier: Apache-2.0
/** The suite that every storage passes: what the contract forbids first, then what it promises. */
import { StorageError } from "@sealwright/core";
import { rejectsWithCode } from "./rejects-with-code.ts";
import type { TestRunner } from "./runner.ts";
import { describeStorageBatches } from "./storage-batch-conformance.ts";
import type { StorageHarness } from "./storage-harness.ts";
import { describeStorageLifetime } from "./storage-lifetime-conformance.ts";
import { describeStorageLists } from "./storage-list-conformance.ts";
import { BAD_PATHS, BAD_PREFIXES, GOOD_PATHS, put, remove, variedBytes } from "./storage-samples.ts";
import { allPaths, testsWithStorage, textOf } from "./storage-suite.ts";

const MEBIBYTE = 1024 * 1024;

/** Registers the suite for the storage called `name` with the caller's test runner. */
export function describeStorageConformance(name: string, harness: StorageHarness, runner: TestRunner): void {
  const { describe, expect } = runner;
  const withStorage = testsWithStorage(harness, runner);

  const refused = async (call: Promise<unknown>, code: string): Promise<void> => {
    const error = await rejectsWithCode(call, code);
    expect(error instanceof StorageError).toBe(true);
  };

  describe(`storage conformance: ${name}`, () => {
    describe("paths that it refuses", () => {
      for (const [wrong, examples] of Object.entries(BAD_PATHS)) {
        withStorage(`${wrong} is STORAGE_PATH, whatever is asked`, async (storage) => {
          for (const path of examples) {
            await refused(storage.get(path), "STORAGE_PATH");
            await refused(storage.write([put(path, "x")]), "STORAGE_PATH");
            await refused(storage.write([remove(path)]), "STORAGE_PATH");
          }
          expect(await storage.list("")).toEqual([]);
        });
      }

      withStorage(
        "a batch with one bad path is STORAGE_PATH and keeps nothing, wherever it stands",
        async (storage) => {
          await storage.write([put("kept", "old")]);
          const good = [put("kept", "new"), put("a/b", "x"), remove("kept")];
          for (const at of [0, 1, 3]) {
            await refused(storage.write(good.toSpliced(at, 0, put("a/../b", "y"))), "STORAGE_PATH");
          }
          expect(await allPaths(storage)).toEqual(["kept"]);
          expect(await textOf(storage, "kept")).toBe("old");
        },
      );

      withStorage("a prefix that does not end in / or is no path is STORAGE_PATH", async (storage) => {
        await storage.write([put("a/b", "x")]);
        for (const prefix of BAD_PREFIXES) await refused(storage.list(prefix), "STORAGE_PATH");
      });

      withStorage(
        "an error shows no more of a path than a line holds, and nothing that steers a terminal",
        async (s) => {
          const error = await rejectsWithCode(s.get(`\u001b[2J${"x".repeat(5000)}`), "STORAGE_PATH");
          expect(error.message).not.toContain("\u001b");
          expect(error.message.length < 250).toBe(true);
        },
      );
    });

    describe("what is not there", () => {
      withStorage("an unknown path gives undefined, also below and above an entry", async (storage) => {
        await storage.write([put("a/b", "x")]);
        for (const path of ["b", "a", "a/b/c", "a/c", "A/b", "a/b ", "a/bb"]) {
          expect(await storage.get(path)).toBe(undefined);
        }
      });

      withStorage("an unknown prefix lists nothing, also that of an entry", async (storage) => {
        expect(await storage.list("")).toEqual([]);
        await storage.write([put("a/b", "x")]);
        for (const prefix of ["b/", "a/b/", "a/b/c/", "A/"]) expect(await storage.list(prefix)).toEqual([]);
      });

      withStorage("deleting what is not there changes nothing and is no error", async (storage) => {
        await storage.write([put("a/b", "x")]);
        await storage.write([remove("a"), remove("a/b/c"), remove("c/d/e"), remove("a/c")]);
        expect(await allPaths(storage)).toEqual(["a/b"]);
      });

      withStorage("an empty batch does nothing", async (storage) => {
        await storage.write([]);
        expect(await storage.list("")).toEqual([]);
      });
    });

    describe("entries", () => {
      withStorage("says its type", async (storage) => {
        expect(storage.type).toBe(harness.traits.type);
      });

      withStorage("every byte comes back, from no byte to a mebibyte", async (storage) => {
        const values = [0, 1, 255, 256, 4095, 4096, 70_000, MEBIBYTE].map((length) => variedBytes(length, length + 1));
        await storage.write(values.map((value, i) => put(`v/${i}`, value)));
        for (const [i, value] of values.entries()) {
          const found = await storage.get(`v/${i}`);
          expect(found?.length).toBe(value.length);
          expect(found && Buffer.compare(found, value)).toBe(0);
        }
      });

      withStorage("a value replaces a longer one and a shorter one", async (storage) => {
        for (const value of ["long, longer, longest", "", "x", "much longer again"]) {
          await storage.write([put("a", value)]);
          expect(await textOf(storage, "a")).toBe(value);
        }
      });

      withStorage("the bytes of a batch are the caller's again as soon as write was called", async (storage) => {
        const value = variedBytes(5000);
        const expected = value.slice();
        const written = storage.write([put("a", value)]);
        value.fill(0);
        await written;
        value.fill(1);
        expect(Buffer.compare((await storage.get("a")) ?? new Uint8Array(), expected)).toBe(0);
      });

      withStorage("a part of a larger array is written as that part", async (storage) => {
        const whole = variedBytes(100);
        await storage.write([put("a", whole.subarray(10, 20))]);
        expect(await textOf(storage, "a")).toBe(Buffer.from(whole.slice(10, 20)).toString());
      });

      withStorage("the bytes of get are the caller's: changing them changes no entry, nor does a write", async (s) => {
        for (const length of [10, 200_000]) {
          await s.write([put("a", variedBytes(length))]);
          const first = (await s.get("a")) ?? new Uint8Array();
          await s.write([put("a", new Uint8Array(length))]);
          await s.get("a");
          expect(Buffer.compare(first, variedBytes(length))).toBe(0);
          first.fill(255);
          expect(Buffer.compare((await s.get("a")) ?? new Uint8Array(), new Uint8Array(length))).toBe(0);
        }
      });

      withStorage("every path that keeps the rule is a path of its own", async (storage) => {
        await storage.write(GOOD_PATHS.map((path) => put(path, `value of ${path}`)));
        for (const path of GOOD_PATHS) expect(await textOf(storage, path)).toBe(`value of ${path}`);
        expect((await allPaths(storage)).sort()).toEqual([...GOOD_PATHS].sort());
        await storage.write(GOOD_PATHS.map(remove));
        expect(await storage.list("")).toEqual([]);
      });

      withStorage("composed and decomposed letters, and cases, are different paths", async (storage) => {
        const similar = ["\u00e9", "e\u0301", "K", "k", "\u212a"];
        await storage.write(similar.map((path) => put(path, path)));
        for (const path of similar) expect(await textOf(storage, path)).toBe(path);
      });
    });

    describeStorageLists(harness, runner);
    describeStorageBatches(harness, runner);
    describeStorageLifetime(harness, runner);
  });
}
