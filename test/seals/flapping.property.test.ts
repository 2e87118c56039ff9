// SPDX-License-Identifier: Apache-2.0
/** Seals that answer one call and not the next, through any series of changes: some configured seal opens what is left. */
import type { SealedStore } from "@sealwright/core";
import { SealError } from "@sealwright/seal";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Act,
  rekeyOfTheBarrier,
  rekeyOfTheRecoveryKey,
  rewrap,
  rootKeyRotation,
  rotation,
} from "./support/changes.ts";
import { keyFile } from "./support/services.ts";
import { keeps, openedOf, opens, storeOf, type Tapped } from "./support/stores.ts";

const [a, b, c] = [keyFile("a", 1), keyFile("b", 2), keyFile("c", 3)];
const ALL = [a, b, c];
const NAMES = ALL.map(({ name }) => name);
const RUNS = 150;

const onSeal =
  (change: (store: SealedStore, name: string) => Promise<unknown>) =>
  (name: string): Act =>
  (store) =>
    change(store, name);
const of = (act: Act) => (): Act => act;

const CHANGES: Readonly<Record<string, (name: string) => Act>> = {
  rotation: of(rotation),
  "a new root key": of(rootKeyRotation),
  "a rekey of the barrier": of(rekeyOfTheBarrier),
  "a rekey of the recovery key": of(rekeyOfTheRecoveryKey),
  "a rewrap": of(rewrap),
  adding: onSeal((store, name) => store.seals.add(name)),
  removing: onSeal((store, name) => store.seals.remove(name, { force: "accept" })),
  migrating: onSeal((store, name) => store.seals.migrate(name, { force: "accept" })),
  finishing: onSeal((store) => store.seals.finishMigration({ force: "accept" })),
  undoing: onSeal((store) => store.seals.undoMigration({ force: "accept" })),
  delivering: onSeal((store) => store.seals.deliverOutstanding()),
};

const step = fc.record({
  change: fc.constantFrom(...Object.keys(CHANGES)),
  name: fc.constantFrom(...NAMES),
  /** Which of the next calls to any seal fail. */
  failing: fc.array(fc.boolean(), { maxLength: 30 }),
  restart: fc.boolean(),
});

/** Has the next calls to the seals of `it` fail as `failing` says, and those after them work. */
function flap({ taps }: Tapped, failing: readonly boolean[]): void {
  const left = [...failing];
  for (const tap of taps.values()) {
    tap.before = async () => {
      if (left.shift()) throw new SealError("SEAL_UNAVAILABLE", "no answer this time");
    };
  }
}

test("any series of changes while seals flap leaves a storage that one opens, and none that was removed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const first = await openedOf([a, b, c]);
      const { storage } = first;
      let it: Tapped = first;
      let { shares } = first;
      for (const { change, name, failing, restart } of steps) {
        flap(it, failing);
        const act = CHANGES[change]?.(name);
        const outcome = await act?.(it.store, shares, "accept").then(
          (made) => ({ made }),
          () => undefined,
        );
        if (change === "a rekey of the recovery key" && outcome !== undefined) shares = outcome.made as typeof shares;
        flap(it, []);
        const members = (await it.store.seals.holdings()).filter(({ state }) => state !== "new");
        const able: string[] = [];
        for (const each of ALL) if (await opens(storage, each)) able.push(each.name);
        expect(able).not.toEqual([]);
        expect(members.map((each) => each.name)).toEqual(expect.arrayContaining(able));
        if (!restart) continue;
        await it.store.close();
        it = await storeOf(ALL, { storage });
        await it.store.unseal();
        expect(await keeps(it.store)).toBe(true);
      }
      await it.store.close();
    }),
    { numRuns: RUNS },
  );
}, 60_000);
