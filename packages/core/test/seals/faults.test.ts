// SPDX-License-Identifier: Apache-2.0
/** A failure at each storage write and each seal call of every change of the seals leaves the old state or the new one. */
import { rotateRootKey, type SealedStore, type Storage, sealLayer } from "@sealwright/core";
import { describe, expect, it } from "vitest";
import { fallible, openLastingStorage, snapshot } from "../support/storages.ts";
import { allowed, officers } from "./quorum-support.ts";
import { Kms, openedOf, opens, sharesOpen } from "./support.ts";

/** A service whose calls fail from the one on that is set. */
class FailingKms extends Kms {
  left = Number.POSITIVE_INFINITY;
  override async attached(...args: Parameters<Kms["attached"]>) {
    const attached = await super.attached(...args);
    const admit = (): void => {
      if (this.left-- <= 0) this.mood = "down";
    };
    const { seal } = attached;
    return {
      ...attached,
      seal: {
        type: seal.type,
        wrap: (...call: Parameters<typeof seal.wrap>) => {
          admit();
          return seal.wrap(...call);
        },
        unwrap: (...call: Parameters<typeof seal.unwrap>) => {
          admit();
          return seal.unwrap(...call);
        },
        close: () => seal.close(),
      },
    };
  }
}

interface Scene {
  readonly store: SealedStore;
  readonly storage: Storage;
  readonly kms: readonly [FailingKms, FailingKms, FailingKms];
  readonly shares: readonly Uint8Array[];
  /** Of the seal of shares, once it was added. */
  officers: readonly Uint8Array[];
}

interface Operation {
  readonly name: string;
  /** What is there before. */
  prepare?(scene: Scene): Promise<unknown>;
  change(scene: Scene): Promise<unknown>;
  /** Which services open the storage before and after, of a, b, c. */
  readonly before: readonly boolean[];
  readonly after: readonly boolean[];
}

// a and b are the storage's seals, c is attached and new.
const operations: readonly Operation[] = [
  {
    name: "adding a seal",
    change: ({ store }) => store.seals.add("c"),
    before: [true, true, false],
    after: [true, true, true],
  },
  {
    name: "removing a seal",
    change: ({ store }) => store.seals.remove("b", { force: "accept" }),
    before: [true, true, false],
    after: [true, false, false],
  },
  {
    name: "removing the first seal",
    change: ({ store }) => store.seals.remove("a", { force: "accept" }),
    before: [true, true, false],
    after: [false, true, false],
  },
  {
    name: "a migration to a new seal",
    change: ({ store }) => store.seals.migrate("c"),
    before: [true, true, false],
    after: [true, true, true],
  },
  {
    name: "finishing a migration",
    prepare: ({ store }) => store.seals.migrate("c"),
    change: ({ store }) => store.seals.finishMigration({ force: "accept" }),
    before: [true, true, true],
    after: [false, true, true],
  },
  {
    name: "undoing a migration",
    prepare: ({ store }) => store.seals.migrate("c"),
    change: ({ store }) => store.seals.undoMigration(),
    before: [true, true, true],
    after: [true, true, true],
  },
  {
    name: "a migration to people",
    change: ({ store }) => store.seals.migrate("shamir"),
    before: [true, true, false],
    after: [true, true, false],
  },
  {
    name: "finishing a migration to people",
    prepare: ({ store }) => store.seals.migrate("shamir"),
    change: ({ store }) => store.seals.finishMigration({ force: "accept" }),
    before: [true, true, false],
    after: [false, true, false],
  },
  {
    name: "undoing a migration to people",
    prepare: ({ store }) => store.seals.migrate("shamir"),
    change: ({ store }) => store.seals.undoMigration(),
    before: [true, true, false],
    after: [true, true, false],
  },
  {
    name: "a new root key",
    change: ({ store }) => rotateRootKey(store, undefined, "accept"),
    before: [true, true, false],
    after: [true, true, false],
  },
  {
    name: "a rewrap of the root key",
    prepare: async ({ kms }) => kms[0].rotateKey(),
    change: ({ store }) => store.seals.rewrapRootKey("a"),
    before: [true, true, false],
    after: [true, true, false],
  },
  {
    name: "adding a seal of shares",
    change: async (scene) => {
      scene.officers = await allowed(scene.store, officers(), scene.shares);
    },
    before: [true, true, false],
    after: [true, true, false],
  },
];

async function scene(storage: Storage): Promise<Scene> {
  const kms = [new FailingKms("a"), new FailingKms("b"), new FailingKms("c")] as const;
  const it = await openedOf(kms.slice(0, 2), { storage, layer: sealLayer });
  it.store.seals.attach(await kms[2].attached(3));
  return { ...it, kms, officers: [] };
}

/** Who opens the storage now, all services being up. */
async function openers({ storage, kms }: Scene): Promise<boolean[]> {
  for (const each of kms) {
    each.left = Number.POSITIVE_INFINITY;
    each.mood = "up";
  }
  const answers: boolean[] = [];
  for (const each of kms) answers.push(await opens(storage, each));
  return answers;
}

/** What the storage may be after a change that failed or went on without somebody. */
async function isOldOrNew(it: Scene, operation: Operation, failed: boolean, before: Record<string, string>) {
  const unchanged = JSON.stringify(await snapshot(it.storage)) === JSON.stringify(before);
  if (failed) expect(unchanged).toBe(true);
  const late = await it.store.seals.holdings();
  const missing = new Set(late.filter(({ outstanding }) => outstanding.length > 0).map(({ name }) => name));
  const expected = failed ? operation.before : operation.after;
  const names = ["a", "b", "c"];
  const now = await openers(it);
  for (const [index, name] of names.entries()) {
    // One that missed something does not open until it has been given that; nobody opens who should not.
    if (expected[index] && !missing.has(name)) expect([name, now[index]]).toEqual([name, true]);
    if (!expected[index]) expect([name, now[index]]).toEqual([name, false]);
  }
  const people = late.find(({ name }) => name === "shamir");
  expect(now.some((each) => each) || people !== undefined).toBe(true);
  await it.store.seals.deliverOutstanding();
  expect(await openers(it)).toEqual(expected);
  expect((await it.store.get("kept"))?.toString()).toBe("value");
  if (people !== undefined) {
    expect(await sharesOpen(it.storage, it.shares, people.first ? undefined : people.name)).toBe(true);
  }
  if (it.officers.length > 0) expect(await sharesOpen(it.storage, it.officers, "officers")).toBe(true);
}

describe.each(operations)("$name", (operation) => {
  it("does what it says where nothing fails", async () => {
    const it = await scene(openLastingStorage());
    await operation.prepare?.(it);
    expect(await openers(it)).toEqual(operation.before);
    await operation.change(it);
    expect(await openers(it)).toEqual(operation.after);
  });

  it("changes nothing where the disk is full", async () => {
    const storage = fallible(openLastingStorage());
    const it = await scene(storage);
    await operation.prepare?.(it);
    const before = await snapshot(storage);
    storage.full = true;
    await expect(operation.change(it)).rejects.toThrow();
    storage.full = false;
    await isOldOrNew(it, operation, true, before);
  });

  it.each(["a", "b", "c"])("leaves the old state or the new one at whichever call %s fails", async (name) => {
    for (let calls = 0; calls < 12; calls++) {
      const it = await scene(openLastingStorage());
      await operation.prepare?.(it);
      const failing = it.kms.find((each) => each.name === name)!;
      const before = await snapshot(it.storage);
      failing.left = calls;
      const failed = await operation.change(it).then(
        () => false,
        () => true,
      );
      const reached = failing.left < 0;
      await isOldOrNew(it, operation, failed, before);
      if (!reached) break;
    }
  });
});
