// SPDX-License-Identifier: Apache-2.0
/** Every file-system call of a batch fails in turn; whoever opens the rest sees the old state or the new one. */
import type { Change, Storage } from "@sealwright/core";
import { openFileStorage } from "@sealwright/storage/file";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { chance, contents, put, remove } from "./entries.ts";
import { type Fault, SimulatedDisk } from "./simulated-disk.ts";

const ROOT = "/srv/data";
const BEFORE = [put("a", "old"), put("b/c", "old"), put("b/d/e", "old"), put("x/y", "old"), put("z/z/z", "old")];
// Replaces, creates with and without folders, empties folders, and gives an entry the name of a folder that goes.
const BATCH: readonly Change[] = [
  put("a", "new"),
  put("n/e/w", "new"),
  remove("b/d/e"),
  put("b/c", "new, and longer"),
  remove("x/y"),
  put("x", "new"),
  remove("z/z/z"),
  put("z/other", "new"),
];
const OLD = { a: "old", "b/c": "old", "b/d/e": "old", "x/y": "old", "z/z/z": "old" };
const NEW = { a: "new", "b/c": "new, and longer", "n/e/w": "new", x: "new", "z/other": "new" };

const fails: Fault = () => {};
const failsAfterwards: Fault = (call) => {
  call();
  throw Object.assign(new Error("EIO, though it was done"), { code: "EIO" });
};
const fillsTheDisk: Fault = (call, name) => {
  if (name === "read" || name === "list" || name === "kind") return call();
  throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
};

async function open(disk: SimulatedDisk): Promise<Storage> {
  return openFileStorage({ path: ROOT, fs: disk });
}

/** A disk with the old state, and a storage open on it. */
async function prepared(): Promise<{ disk: SimulatedDisk; storage: Storage }> {
  const disk = new SimulatedDisk();
  const storage = await open(disk);
  await storage.write(BEFORE);
  disk.calls = 0;
  return { disk, storage };
}

/** Lets the calls numbered from `first` up to `last` meet a fault. */
function failCalls(disk: SimulatedDisk, first: number, last: number, fault: Fault): void {
  disk.calls = 0;
  disk.fault = (call, name) => {
    if (disk.calls < first || disk.calls > last) call();
    else fault(call, name);
  };
}

/** What a new process finds on a disk whose last process is dead. It leaves nothing behind when it closes. */
async function found(disk: SimulatedDisk): Promise<Record<string, string>> {
  await removeLock(disk);
  const storage = await open(disk);
  const entries = await contents(storage);
  await storage.close();
  expect(disk.files().filter((file) => file.includes(".sealwright"))).toEqual([]);
  expect(disk.folders()).not.toContain(`${ROOT}/.sealwright`);
  return entries;
}

/** The lock names this very process, which plays the dead one. */
async function removeLock(disk: SimulatedDisk): Promise<void> {
  for (const file of disk.files()) if (file.includes("/lock")) await disk.remove(file);
}

async function callsOfBatch(): Promise<number> {
  const { disk, storage } = await prepared();
  await storage.write(BATCH);
  const { calls } = disk;
  await storage.close();
  expect(await found(disk)).toEqual(NEW);
  return calls;
}

const calls = await callsOfBatch();
const everyCall = Array.from({ length: calls }, (_, i) => i + 1);
const faults: Readonly<Record<string, Fault>> = {
  fails,
  "is done and fails": failsAfterwards,
  "finds no space": fillsTheDisk,
};

describe("one call of a batch that fails", () => {
  for (const [what, fault] of Object.entries(faults)) {
    it(`leaves nothing of a rejected batch and all of a kept one, for each call that ${what}`, async () => {
      let rejected = 0;
      for (const k of everyCall) {
        const { disk, storage } = await prepared();
        failCalls(disk, k, k, fault);
        const outcome = await storage.write(BATCH).then(
          () => "kept",
          (error: { code: string }) => error.code,
        );
        const expected = outcome === "kept" ? NEW : OLD;
        if (outcome !== "kept") {
          rejected += 1;
          expect(outcome).toBe("STORAGE_FAILED");
        }
        expect(await found(disk.afterKill()), `killed after call ${k}`).toEqual(expected);
        expect(await found(disk.afterPowerLoss()), `power lost after call ${k}`).toEqual(expected);
        expect(await contents(storage), `read on after call ${k}`).toEqual(expected);
        await storage.write([put("later", "works")]);
        await storage.close();
        expect(await found(disk)).toEqual({ ...expected, later: "works" });
      }
      expect(rejected).toBeGreaterThan(10);
    });
  }
});

describe("a process that ends in the middle of a batch", () => {
  it("leaves the old state or the new one, whichever call was the last, killed or by power loss", async () => {
    const roll = chance("partial power loss");
    let old = 0;
    for (const k of everyCall) {
      for (const fault of [fails, failsAfterwards]) {
        const { disk, storage } = await prepared();
        failCalls(disk, k, Number.POSITIVE_INFINITY, fault);
        const kept = await storage.write(BATCH).then(
          () => true,
          () => false,
        );
        const rests = [disk.afterKill(), disk.afterPowerLoss()];
        for (let i = 0; i < 5; i++) rests.push(disk.afterPartialPowerLoss(roll));
        for (const rest of rests) {
          rest.fault = (call) => call();
          const state = await found(rest);
          if (state.a === "old") old += 1;
          expect(state, `after call ${k}`).toEqual(kept || state.a === "new" ? NEW : OLD);
        }
      }
    }
    expect(old).toBeGreaterThan(50);
  });

  it("leaves a batch that was kept, even if the recoveries end in the middle, too", async () => {
    const roll = chance("power loss in recoveries");
    for (const k of everyCall) {
      const { disk, storage } = await prepared();
      failCalls(disk, k, Number.POSITIVE_INFINITY, fails);
      const kept = await storage.write(BATCH).then(
        () => true,
        () => false,
      );
      let rest = disk.afterKill();
      for (let recovery = 0; recovery < 6; recovery++) {
        await removeLock(rest);
        // Beyond the few calls that take the folder.
        const last = 8 + roll(40);
        failCalls(rest, last, Number.POSITIVE_INFINITY, failsAfterwards);
        await open(rest).catch(() => undefined);
        rest = roll(2) === 0 ? rest.afterKill() : rest.afterPartialPowerLoss(roll);
      }
      const state = await found(rest);
      expect(state, `after call ${k}`).toEqual(kept || state.a === "new" ? NEW : OLD);
    }
  });
});

describe("a recovery", () => {
  it("is durable when the storage is open: a power loss after it takes nothing of what it showed", async () => {
    for (const k of everyCall) {
      const { disk, storage } = await prepared();
      failCalls(disk, k, Number.POSITIVE_INFINITY, fails);
      await storage.write(BATCH).catch(() => undefined);
      const rest = disk.afterKill();
      await removeLock(rest);
      const shown = await contents(await open(rest));
      expect(await found(rest.afterPowerLoss()), `after call ${k}`).toEqual(shown);
    }
  });
});

describe("a disk that stays broken", () => {
  it("refuses reads rather than show half a batch, and works again when it heals", async () => {
    const { disk, storage } = await prepared();
    disk.fault = (call, name) => (name === "rename" && disk.calls > 0 && decided(disk) ? undefined : call());
    await storage.write(BATCH);
    await rejectsWithCode(storage.get("a"), "STORAGE_FAILED");
    await rejectsWithCode(storage.list(""), "STORAGE_FAILED");
    await rejectsWithCode(storage.write([put("b", "x")]), "STORAGE_FAILED");
    disk.fault = (call) => call();
    expect(await contents(storage)).toEqual(NEW);
    await storage.close();
    expect(await found(disk)).toEqual(NEW);
  });

  it("does not close as if all were well, but gives the folder back", async () => {
    const { disk, storage } = await prepared();
    disk.fault = (call, name) => (name === "rename" && decided(disk) ? undefined : call());
    await storage.write(BATCH);
    await rejectsWithCode(storage.close(), "STORAGE_FAILED");
    disk.fault = (call) => call();
    const again = await open(disk);
    expect(await contents(again)).toEqual(NEW);
    await again.close();
  });
});

function decided(disk: SimulatedDisk): boolean {
  return disk.files().includes(`${ROOT}/.sealwright/journal`);
}
