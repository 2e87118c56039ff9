// SPDX-License-Identifier: Apache-2.0
/** What has to hold where some of the three services go away, at any moment. */
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Act, migrationTo, rekeyOfTheBarrier, rekeyOfTheRecoveryKey, rewrap, rotation } from "./changes.ts";
import { keeps, outstandingOf, stateOf, type Tapped } from "./stores.ts";
import { NAMES, type Name, type Trio } from "./trio.ts";

/** Changes that write the keyring. */
const REWRITING: Readonly<Record<string, Act>> = {
  "a rotation": rotation,
  "a rekey of the recovery key": rekeyOfTheRecoveryKey,
  "a rewrap": rewrap,
};
/** Tests of `trio` without the services of `away`, of which at least one is left. */
export function survives(trio: () => Trio, away: readonly Name[]): void {
  const alone = NAMES.length - away.length === 1;
  let it: Tapped;

  beforeEach(async () => {
    it = await trio().store();
  });
  afterEach(async () => {
    await trio().giveBack();
    await it.store.close();
  });

  describe(`without ${away.join(" and ")}`, () => {
    test("opens when they are away at the start, and each of the others opens it alone", async () => {
      await trio().takeAway(away);
      await it.store.unseal();
      expect(await keeps(it.store)).toBe(true);
      await trio().eachOpens(it, away);
      await trio().comesBack(it);
    });

    test("opens when they go during the unseal, and seals itself while they are away", async () => {
      trio().takeAwayAtTheNextCall(it, away);
      await it.store.unseal();
      expect(await keeps(it.store)).toBe(true);
      await it.store.put("more", Buffer.from("to count"));
      await it.store.seal();
      await trio().comesBack(it);
    });

    test.each(Object.entries(REWRITING))("%s goes on, and what they missed is listed", async (_name, act) => {
      await it.store.unseal();
      trio().takeAwayAtTheNextCall(it, away);
      await act(it.store, trio().shares, "refuse");
      const outstanding = await outstandingOf(it);
      expect(Object.keys(outstanding).sort()).toEqual([...away].sort());
      for (const paths of Object.values(outstanding)) {
        expect(paths).toEqual(expect.arrayContaining(["core/keyring", "core/root-key"]));
      }
      await trio().eachOpens(it, away);
      await trio().comesBack(it);
    });

    test("a rekey of the barrier reaches the others, by force where that is one", async () => {
      await it.store.unseal();
      trio().takeAwayAtTheNextCall(it, away);
      const before = await stateOf(it.storage);
      if (alone) {
        await rejectsWithCode(rekeyOfTheBarrier(it.store, trio().shares, "refuse"), "FORCE_NEEDED");
        expect(await stateOf(it.storage)).toEqual(before);
      }
      await rekeyOfTheBarrier(it.store, trio().shares, alone ? "accept" : "refuse");
      expect(Object.keys(await outstandingOf(it)).sort()).toEqual([...away].sort());
      await trio().eachOpens(it, away);
      await trio().comesBack(it);
    });

    test("a migration to Google Cloud KMS needs that alone", async () => {
      await it.store.unseal();
      trio().takeAwayAtTheNextCall(it, away);
      const before = await stateOf(it.storage);
      const migration = migrationTo("gcp")(it.store, trio().shares, "refuse");
      if (away.includes("gcp")) {
        await rejectsWithCode(migration, away.includes("hsm") ? "NO_SEAL_ANSWERS" : "SEAL_UNAVAILABLE");
        expect(await stateOf(it.storage)).toEqual(before);
      } else {
        await migration;
        await trio().eachOpens(it, away);
      }
      await trio().comesBack(it);
    });
  });
}
