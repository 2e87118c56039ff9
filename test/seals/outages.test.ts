// SPDX-License-Identifier: Apache-2.0
/** An HSM, AWS KMS and Google Cloud KMS at once, of which any one or all go away. Any two: `two-outages.long.test.ts`. */
import { rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Act,
  migrationTo,
  rekeyOfTheBarrier,
  rekeyOfTheRecoveryKey,
  rewrap,
  rootKeyRotation,
  rotation,
} from "./support/changes.ts";
import { survives } from "./support/outage-suite.ts";
import { keeps, outstandingOf, stateOf, type Tapped } from "./support/stores.ts";
import { NAMES, type Name, Trio, trioMissing } from "./support/trio.ts";

/** Something that a service does for a while. */
interface Refusal {
  readonly name: Name;
  readonly how: string;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

describe.skipIf(trioMissing)("an HSM, AWS KMS and Google Cloud KMS", () => {
  let trio: Trio;

  beforeAll(async () => {
    trio = await Trio.start();
  });
  afterAll(() => trio?.stop());

  for (const name of NAMES) survives(() => trio, [name]);

  describe("with one that is there and refuses, or takes too long", () => {
    const refusals: readonly Refusal[] = [
      { name: "aws", how: "denies", begin: () => trio.aws.harness.deny(), end: () => trio.aws.harness.heal() },
      { name: "aws", how: "is slow", begin: () => trio.aws.harness.slow(5_000), end: () => trio.aws.harness.heal() },
      {
        name: "aws",
        how: "has its key disabled",
        begin: () => trio.aws.harness.disableKey(),
        end: () => trio.aws.harness.enableKey(),
      },
      { name: "gcp", how: "denies", begin: () => trio.gcp.harness.deny(), end: () => trio.gcp.harness.heal() },
      { name: "gcp", how: "is slow", begin: () => trio.gcp.harness.slow(5_000), end: () => trio.gcp.harness.heal() },
      {
        name: "gcp",
        how: "has its key disabled",
        begin: () => trio.gcp.harness.disableKey(),
        end: () => trio.gcp.harness.enableKey(),
      },
    ];
    test.each(refusals)("$name $how: the others go on, and it gets what it missed", async ({ name, begin, end }) => {
      const it = await trio.store({ sealDeadlineMilliseconds: 1_000 });
      try {
        await begin();
        await it.store.unseal();
        await rootKeyRotation(it.store, trio.shares, "refuse");
        expect(Object.keys(await outstandingOf(it))).toEqual([name]);
        await trio.eachOpens(it, [name]);
      } finally {
        await end();
      }
      await trio.comesBack(it);
      await it.store.close();
    });
  });

  describe("without any of them", () => {
    let it: Tapped;
    beforeEach(async () => {
      it = await trio.store();
    });
    afterEach(async () => {
      await trio.giveBack();
      await it.store.close();
    });

    test.each(["at the start", "during the unseal"])(
      "stays sealed when they go %s, says of each why, and opens by each that is back",
      async (moment) => {
        const before = await stateOf(it.storage);
        if (moment === "at the start") await trio.takeAway(NAMES);
        else trio.takeAwayAtTheNextCall(it, NAMES);
        const { message } = await rejectsWithCode(it.store.unseal(), "NO_SEAL_ANSWERS");
        for (const name of NAMES) expect(message).toContain(`${name}: `);
        expect(await stateOf(it.storage)).toEqual(before);
        for (const name of NAMES) {
          await trio.giveBack([name]);
          await it.store.unseal();
          expect(await keeps(it.store)).toBe(true);
          await it.store.seal();
          await trio.takeAway([name]);
        }
      },
    );

    const refused: Readonly<Record<string, Act>> = {
      "a rotation": rotation,
      "a rekey of the recovery key": rekeyOfTheRecoveryKey,
      "a rekey of the barrier": rekeyOfTheBarrier,
      "a migration": migrationTo("gcp"),
    };
    test.each(Object.entries(refused))("%s changes nothing, and works once they are back", async (_name, act) => {
      await it.store.unseal();
      trio.takeAwayAtTheNextCall(it, NAMES);
      const before = await stateOf(it.storage);
      await rejectsWithCode(act(it.store, trio.shares, "accept"), "NO_SEAL_ANSWERS");
      expect(await stateOf(it.storage)).toEqual(before);
      expect(await keeps(it.store)).toBe(true);
      await trio.comesBack(it);
      await act(it.store, trio.shares, "refuse");
      await trio.eachOpens(it);
    });

    test("a rewrap leaves every entry as it is, and is done once they are back", async () => {
      await it.store.unseal();
      trio.takeAwayAtTheNextCall(it, NAMES);
      await rewrap(it.store, trio.shares, "refuse");
      expect(it.store.rewrap.status).toMatchObject({ running: false, succeeded: 0, failed: 2 });
      expect(await keeps(it.store)).toBe(true);
      await trio.comesBack(it);
      await it.store.rewrap.resume();
      expect(it.store.rewrap.status).toMatchObject({ running: false, succeeded: 2, failed: 0 });
      await trio.eachOpens(it);
    });
  });
});
