// SPDX-License-Identifier: Apache-2.0
import type { TestRunner } from "./runner.ts";
import type { StorageHarness } from "./storage-harness.ts";
import { dice, put, remove } from "./storage-samples.ts";
import { allPaths, testsWithStorage, textOf } from "./storage-suite.ts";

/** Registers what the suite asks about `write`: order, batches at once, reads beside them. */
export function describeStorageBatches(harness: StorageHarness, runner: TestRunner): void {
  const { describe, expect } = runner;
  const withStorage = testsWithStorage(harness, runner);

  describe("batches", () => {
    withStorage("are done in order: the last change of a path counts", async (storage) => {
      await storage.write([put("a", "1"), put("a", "2"), remove("a"), put("b", "1"), remove("b"), put("a", "3")]);
      expect(await allPaths(storage)).toEqual(["a"]);
      expect(await textOf(storage, "a")).toBe("3");
    });

    withStorage("200 at once all count", async (storage) => {
      const each = Array.from({ length: 200 }, (_, i) => `many/${i % 7}/${i}`);
      await Promise.all(each.map((path) => storage.write([put(path, path), put(`${path}/twin`, path)])));
      for (const path of each) {
        expect(await textOf(storage, path)).toBe(path);
        expect(await textOf(storage, `${path}/twin`)).toBe(path);
      }
    });

    withStorage("200 at once on the same paths count in the order of their calls", async (storage) => {
      const batches = Array.from({ length: 200 }, (_, i) => [put("a", `${i}`), put("b/c", `${i}`)]);
      await Promise.all(batches.map((batch) => storage.write(batch)));
      expect(await textOf(storage, "a")).toBe("199");
      expect(await textOf(storage, "b/c")).toBe("199");
    });

    withStorage("one that is refused among others that are not takes none of them along", async (storage) => {
      const calls = [storage.write([put("a", "x")]), storage.write([put("_", "x")]), storage.write([put("b", "x")])];
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await allPaths(storage)).toEqual(["a", "b"]);
    });

    withStorage("reads beside writes see whole values, old or new", async (storage) => {
      const values = ["x".repeat(50_000), "y".repeat(60_000)];
      await storage.write([put("a", values[0] ?? "")]);
      const writes = Array.from({ length: 20 }, (_, i) => storage.write([put("a", values[i % 2] ?? "")]));
      let writing = true;
      const done = Promise.all(writes).finally(() => (writing = false));
      while (writing) {
        expect(["", ...values].includes((await textOf(storage, "a")) ?? "")).toBe(true);
        // A storage may answer without a turn of the event loop, in which its writes would go on.
        await new Promise(setImmediate);
      }
      await done;
    });

    withStorage("200 random ones leave what a map would hold", async (storage) => {
      const roll = dice(harness.traits.type.length);
      const model = new Map<string, string>();
      const names = ["a", "b", "c", "a-", "é"];
      const randomPath = () => Array.from({ length: 1 + roll(3) }, () => names[roll(names.length)]).join("/");
      for (let i = 0; i < 200; i++) {
        const batch = Array.from({ length: 1 + roll(4) }, () =>
          roll(5) < 3 ? put(randomPath(), `${i}`) : remove(randomPath()),
        );
        for (const change of batch) {
          if (change.op === "put") model.set(change.path, `${i}`);
          else model.delete(change.path);
        }
        await storage.write(batch);
      }
      expect((await allPaths(storage)).sort()).toEqual([...model.keys()].sort());
      for (const [path, value] of model) expect(await textOf(storage, path)).toBe(value);
    });
  });
}
