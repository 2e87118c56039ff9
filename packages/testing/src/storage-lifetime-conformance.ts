// SPDX-License-Identifier: Apache-2.0
import { rejectsWithCode } from "./rejects-with-code.ts";
import type { TestRunner } from "./runner.ts";
import type { StorageHarness, StorageHome } from "./storage-harness.ts";
import { put, remove, variedBytes } from "./storage-samples.ts";
import { opened, testWithHome } from "./storage-suite.ts";

/** Registers what the suite asks about closing, and about opening again where a home outlives its storage. */
export function describeStorageLifetime(harness: StorageHarness, runner: TestRunner): void {
  const { describe, expect } = runner;

  const withHome = (title: string, body: (home: StorageHome) => Promise<void>): void =>
    testWithHome(harness, runner, title, body);

  describe("closing", () => {
    withHome("every later call is STORAGE_CLOSED, even one that breaks the path rule", async (home) => {
      const storage = await home.open();
      await storage.write([put("a", "x")]);
      await storage.close();
      for (const call of [
        () => storage.get("a"),
        () => storage.get("_"),
        () => storage.list(""),
        () => storage.list("no prefix"),
        () => storage.write([]),
        () => storage.write([remove("a")]),
        () => storage.write([put("..", "x")]),
      ]) {
        await rejectsWithCode(call, "STORAGE_CLOSED");
      }
    });

    withHome("a second time does nothing, also while the first is under way", async (home) => {
      const storage = await home.open();
      await Promise.all([storage.close(), storage.close()]);
      await storage.close();
    });

    withHome("waits for the writes before it and refuses those after it", async (home) => {
      const storage = await home.open();
      const before = Array.from({ length: 20 }, (_, i) => storage.write([put(`a/${i}`, variedBytes(10_000, i + 1))]));
      const closed = storage.close();
      await rejectsWithCode(storage.write([put("late", "x")]), "STORAGE_CLOSED");
      const outcomes = await Promise.allSettled(before);
      expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
      await closed;
      if (harness.traits.lifetime === "process") return;
      expect(await opened(home, (again) => again.list("a/"))).toEqual(
        Array.from({ length: 20 }, (_, i) => `${i}`).sort(),
      );
    });
  });

  if (harness.traits.lifetime === "process") {
    describe("opening again", () => {
      withHome("finds nothing, since entries end with their storage", async (home) => {
        await opened(home, (storage) => storage.write([put("a", "x")]));
        expect(await opened(home, (storage) => storage.list(""))).toEqual([]);
      });
    });
    return;
  }

  describe("opening again", () => {
    withHome("is STORAGE_LOCKED while it is open, and says who holds it since when", async (home) => {
      await opened(home, async (storage) => {
        const error = await rejectsWithCode(home.open(), "STORAGE_LOCKED");
        expect(error.message).toContain("this process");
        expect(error.message).toContain(new Date().toISOString().slice(0, 11));
        await storage.write([put("a", "still works")]);
      });
      await opened(home, async () => {});
    });

    withHome("lets one of ten that try at once have it", async (home) => {
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => home.open()));
      const successes = outcomes.filter((each) => each.status === "fulfilled");
      expect(successes.length).toBe(1);
      for (const each of outcomes) {
        if (each.status === "rejected") await rejectsWithCode(Promise.reject(each.reason), "STORAGE_LOCKED");
        else await each.value.close();
      }
    });

    withHome("finds every entry and no deleted one", async (home) => {
      const value = variedBytes(100_000);
      await opened(home, (storage) =>
        storage.write([put("a/b", value), put("a", ""), put("é/🔑", "x"), put("c", "x")]),
      );
      await opened(home, (storage) => storage.write([remove("c")]));
      await opened(home, async (storage) => {
        expect(await storage.list("")).toEqual(["a", "a/", "é/"]);
        expect(Buffer.compare((await storage.get("a/b")) ?? new Uint8Array(), value)).toBe(0);
        expect((await storage.get("a"))?.length).toBe(0);
      });
    });

    withHome("works twenty times in a row", async (home) => {
      for (let i = 0; i < 20; i++) {
        await opened(home, async (storage) => {
          expect((await storage.list("")).length).toBe(i);
          await storage.write([put(`n${i}`, `${i}`)]);
        });
      }
    });
  });
}
