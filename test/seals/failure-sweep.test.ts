// SPDX-License-Identifier: Apache-2.0
/** Each seal call and each storage write of a change of the seals goes wrong in turn: old or new is left, never neither. */
import { SealedStore, type Storage, sealLayer } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { describe, expect, test } from "vitest";
import { rekeyOfTheRecoveryKey, rootKeyRotation } from "./support/changes.ts";
import { FAULTS } from "./support/fault-line.ts";
import { keyFile } from "./support/services.ts";
import { KEPT, type Opens, openedOf, storeOf, TWO_OF_THREE } from "./support/stores.ts";
import { PEOPLE, type Sweep, sweepFault } from "./support/sweep.ts";

const [a, b, c] = [keyFile("a", 1), keyFile("b", 2), keyFile("c", 3)];

/** A storage of the seals `first`, upon which `then` has been done while those of `configured` were attached. */
function prepared(first: readonly Opens[], configured = first, then?: (store: SealedStore) => Promise<unknown>) {
  return async (storage: Storage): Promise<readonly Uint8Array[]> => {
    const { store, shares } = await openedOf(first, { storage });
    await store.close();
    if (then === undefined) return shares;
    const again = await storeOf(configured, { storage });
    await again.store.unseal();
    await then(again.store);
    await again.store.close();
    return shares;
  };
}

async function ofPeople(storage: Storage): Promise<readonly Uint8Array[]> {
  const store = new SealedStore({ storage, shares: shamir, layer: sealLayer });
  const { unseal } = await store.initialize({ unseal: TWO_OF_THREE });
  for (const share of unseal.slice(0, 2)) await store.submitShare(share);
  await store.put(KEPT.path, Buffer.from(KEPT.value));
  await store.close();
  return unseal;
}

const migrateToC = (store: SealedStore) => store.seals.migrate("c");

const sweeps: Readonly<Record<string, Sweep>> = {
  "adding a seal": {
    configured: [a, b, c],
    prepare: prepared([a, b]),
    change: (store) => store.seals.add("c"),
    before: ["a", "b"],
    after: ["a", "b", "c"],
  },
  "adding a second seal": {
    configured: [a, b],
    prepare: prepared([a]),
    change: (store) => store.seals.add("b"),
    before: ["a"],
    after: ["a", "b"],
  },
  "removing a seal": {
    configured: [a, b, c],
    prepare: prepared([a, b, c]),
    change: (store) => store.seals.remove("b", { force: "accept" }),
    before: ["a", "b", "c"],
    after: ["a", "c"],
  },
  "removing the first of two seals": {
    configured: [a, b],
    prepare: prepared([a, b]),
    change: (store) => store.seals.remove("a"),
    before: ["a", "b"],
    after: ["b"],
  },
  "migrating to a new seal": {
    configured: [a, b, c],
    prepare: prepared([a, b]),
    change: migrateToC,
    before: ["a", "b"],
    after: ["a", "b", "c"],
  },
  "finishing a migration": {
    configured: [a, c],
    prepare: prepared([a], [a, c], migrateToC),
    change: (store) => store.seals.finishMigration(),
    before: ["a", "c"],
    after: ["c"],
  },
  "undoing a migration": {
    configured: [a, c],
    prepare: prepared([a], [a, c], migrateToC),
    change: (store) => store.seals.undoMigration(),
    before: ["a", "c"],
    after: ["a", "c"],
  },
  "migrating from people to a seal": {
    configured: [c],
    prepare: ofPeople,
    opensBy: "shares",
    change: migrateToC,
    before: [PEOPLE],
    after: ["c", PEOPLE],
  },
  "finishing a migration from people to a seal": {
    configured: [c],
    async prepare(storage) {
      const shares = await ofPeople(storage);
      const { store } = await storeOf([], { storage });
      for (const share of shares.slice(0, 2)) await store.submitShare(share);
      store.seals.attach({ name: "c", priority: 1, state: "enabled", seal: await c.open() });
      await migrateToC(store);
      await store.close();
      return shares;
    },
    change: (store) => store.seals.finishMigration(),
    before: ["c", PEOPLE],
    after: ["c"],
  },
  "migrating from a seal to people": {
    configured: [a],
    prepare: prepared([a]),
    change: (store) => store.seals.migrate("shamir"),
    before: ["a"],
    after: ["a", PEOPLE],
  },
  "replacing the root key": {
    configured: [a, b, c],
    prepare: prepared([a, b, c]),
    change: (store, shares) => rootKeyRotation(store, shares, "accept"),
    before: ["a", "b", "c"],
    after: ["a", "b", "c"],
  },
  "replacing the recovery key": {
    configured: [a, b],
    prepare: prepared([a, b]),
    change: (store, shares) => rekeyOfTheRecoveryKey(store, shares, "accept"),
    before: ["a", "b"],
    after: ["a", "b"],
  },
};

describe.each(Object.entries(sweeps))("%s", (_name, sweep) => {
  test.each(FAULTS)("leaves old or new at each call where one %s", async (fault) => {
    const calls = await sweepFault(sweep, fault);
    // Only a recovery key is replaced without an answer that could be a lie.
    if (fault !== "seal lies") expect(calls).toBeGreaterThan(0);
  });
});
