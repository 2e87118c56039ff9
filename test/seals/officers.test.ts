// SPDX-License-Identifier: Apache-2.0
/** Officers' shares beside an HSM and Google Cloud KMS: what they are there for is that both are gone. */
import { rejectsWithCode } from "@sealwright/testing";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rootKeyRotation, rotation } from "./support/changes.ts";
import { keyFile, startGcp, startHsm } from "./support/services.ts";
import {
  attachedTo,
  KEPT,
  keeps,
  opens,
  outstandingOf,
  sharesOpen,
  stateOf,
  storeOf,
  TWO_OF_THREE,
} from "./support/stores.ts";

const OFFICERS = "officers";

describe.skipIf(partMissing("SoftHSM"))("officers beside an HSM and Google Cloud KMS", () => {
  let hsm: Awaited<ReturnType<typeof startHsm>>;
  let gcp: Awaited<ReturnType<typeof startGcp>>;
  beforeAll(async () => {
    [hsm, gcp] = await Promise.all([startHsm(), startGcp()]);
  });
  afterAll(() => Promise.all([hsm?.stop(), gcp?.stop()]));

  const down = () => Promise.all([hsm.down(), gcp.down()]);
  const up = () => Promise.all([hsm.up(), gcp.up()]);

  /** An open store of all three, with what the officers hold. */
  async function opened() {
    const it = await storeOf([hsm, gcp]);
    const breakGlass = { name: OFFICERS, numbers: TWO_OF_THREE };
    const { unseal } = await it.store.initialize({ recovery: TWO_OF_THREE, breakGlass });
    await it.store.unseal();
    await it.store.put(KEPT.path, Buffer.from(KEPT.value));
    return { ...it, shares: unseal };
  }

  test("keep rotations going while both are away, and open what was written then", async () => {
    const it = await opened();
    await down();
    await rotation(it.store, [], "refuse");
    await rejectsWithCode(rootKeyRotation(it.store, [], "refuse"), "FORCE_NEEDED");
    await rootKeyRotation(it.store, [], "accept");
    expect(Object.keys(await outstandingOf(it)).sort()).toEqual(["gcp", "hsm"]);
    expect(await sharesOpen(it.storage, it.shares, OFFICERS)).toBe(true);
    await up();
    expect([await opens(it.storage, hsm), await opens(it.storage, gcp)]).toEqual([false, false]);
    await expect
      .poll(
        async () => {
          await it.store.seals.deliverOutstanding();
          return outstandingOf(it);
        },
        { timeout: 10_000 },
      )
      .toEqual({});
    expect([await opens(it.storage, hsm), await opens(it.storage, gcp)]).toEqual([true, true]);
    await it.store.close();
  });

  test("open the running store while both are away, and fewer than the threshold, or wrong ones, do not", async () => {
    const it = await opened();
    const others = await opened();
    await others.store.close();
    await down();
    await it.store.seal();
    const before = await stateOf(it.storage);
    const use = { seal: OFFICERS };
    await rejectsWithCode(it.store.unseal(), "NO_SEAL_ANSWERS");
    await it.store.submitShare(it.shares[0] ?? new Uint8Array(), use);
    expect(it.store.sealed).toBe(true);
    const wrong = it.store.submitShare(others.shares[1] ?? new Uint8Array(), use);
    await rejectsWithCode(wrong, "WRONG_SHARES");
    expect(await stateOf(it.storage)).toEqual(before);
    for (const share of it.shares.slice(1)) await it.store.submitShare(share, use);
    expect(await keeps(it.store)).toBe(true);
    await up();
    await it.store.close();
  });

  test("let another seal in and the lost ones out, which open nothing any more", async () => {
    const it = await opened();
    await down();
    await it.store.seal();
    for (const share of it.shares.slice(0, 2)) await it.store.submitShare(share, { seal: OFFICERS });
    const spare = keyFile("spare", 6);
    it.store.seals.attach(await attachedTo(spare, 3));
    await it.store.seals.add("spare", { weaker: "accept" });
    await it.store.seals.remove("hsm", { force: "accept" });
    await it.store.seals.remove("gcp", { force: "accept" });
    await up();
    expect([await opens(it.storage, hsm), await opens(it.storage, gcp)]).toEqual([false, false]);
    expect(await opens(it.storage, spare)).toBe(true);
    expect(await sharesOpen(it.storage, it.shares, OFFICERS)).toBe(true);
    await it.store.close();
  });
});
