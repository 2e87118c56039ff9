// SPDX-License-Identifier: Apache-2.0
/** A seal opens the storage by the root key and by its slot of the keyring: what it has one of alone does not count. */
import { SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { expect, test } from "vitest";
import { rootKeyRotation, rotation } from "./support/changes.ts";
import { keyFile } from "./support/services.ts";
import { attachedTo, keeps, openedOf, opens, outstandingOf, stateOf, type Tapped } from "./support/stores.ts";

const [a, b, c] = [keyFile("a", 1), keyFile("b", 2), keyFile("c", 3)];
/** The calls by which a seal proves itself and takes the root key: a wrap and an unwrap, and a wrap. */
const FOR_THE_ROOT_KEY = 3;

/** Has the seal called `name` fail from its `from`th call on, counted from 1, up to but not including its `until`th. */
function failing({ taps }: Tapped, name: string, from: number, until = Number.POSITIVE_INFINITY): void {
  const tap = taps.get(name);
  if (tap === undefined) throw new Error(`there is no ${name}`);
  let calls = 0;
  tap.before = async () => {
    calls++;
    if (calls >= from && calls < until) throw new SealError("SEAL_UNAVAILABLE", `${name} does not answer`);
  };
}

test("a new root key that one seal misses, and a keyring that all others miss, are not written", async () => {
  const it = await openedOf([a, b, c]);
  failing(it, "a", 1, 2);
  for (const name of ["b", "c"]) failing(it, name, FOR_THE_ROOT_KEY + 1);
  const before = await stateOf(it.storage);
  await rejectsWithCode(rootKeyRotation(it.store, [], "accept"), "NO_SEAL_ANSWERS");
  expect(await stateOf(it.storage)).toEqual(before);
  expect(await keeps(it.store)).toBe(true);
});

test("a new root key that reaches two seals, of which one misses the keyring, needs force", async () => {
  const it = await openedOf([a, b]);
  failing(it, "b", FOR_THE_ROOT_KEY + 1);
  await rejectsWithCode(rootKeyRotation(it.store, [], "refuse"), "FORCE_NEEDED");
  failing(it, "b", FOR_THE_ROOT_KEY + 1);
  await rootKeyRotation(it.store, [], "accept");
  expect(await opens(it.storage, a)).toBe(true);
  expect(await outstandingOf(it)).toEqual({ b: ["core/keyring", "core/root-key"] });
});

test("a rotation is refused where the only seal that answers lacks the root key", async () => {
  const it = await openedOf([a, b]);
  failing(it, "b", 1, 2);
  await rootKeyRotation(it.store, [], "accept");
  failing(it, "a", 1);
  failing(it, "b", Number.POSITIVE_INFINITY);
  const before = await stateOf(it.storage);
  await rejectsWithCode(rotation(it.store, [], "accept"), "SEAL_UNAVAILABLE");
  expect(await stateOf(it.storage)).toEqual(before);
  await it.store.seals.deliverOutstanding();
  expect(await opens(it.storage, a)).toBe(true);
});

test("what a seal missed is not delivered by halves, so that another one loses its slot", async () => {
  const it = await openedOf([a, b]);
  failing(it, "b", 1, 2);
  await rootKeyRotation(it.store, [], "accept");
  failing(it, "a", 1);
  failing(it, "b", Number.POSITIVE_INFINITY);
  await it.store.seals.deliverOutstanding();
  const able = [await opens(it.storage, a), await opens(it.storage, b)];
  expect(able).toContain(true);
  failing(it, "a", Number.POSITIVE_INFINITY);
  await it.store.seals.deliverOutstanding();
  expect([await opens(it.storage, a), await opens(it.storage, b)]).toEqual([true, true]);
});

test.each(["adding", "migrating to"])(
  "%s a seal that takes the root key and not the keyring changes nothing",
  async (what) => {
    const it = await openedOf([a]);
    let calls = 0;
    const before = await stateOf(it.storage);
    const tap = {
      before: async () => {
        if (++calls > FOR_THE_ROOT_KEY) throw new SealError("SEAL_UNAVAILABLE", "b does not answer");
      },
    };
    it.store.seals.attach(await attachedTo(b, 2, tap));
    await rejectsWithCode(
      what === "adding" ? it.store.seals.add("b") : it.store.seals.migrate("b"),
      "SEAL_UNAVAILABLE",
    );
    expect(await stateOf(it.storage)).toEqual(before);
  },
);
