// SPDX-License-Identifier: Apache-2.0
/** Seals that answer wrongly, and seals that come back with another key, beside one that is right. */
import { plugin as awskms } from "@sealwright/plugin-awskms";
import { rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { partMissing } from "@sealwright/testing/parts";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rootKeyRotation, rotation } from "./support/changes.ts";
import { HSM_KEY, keyFile, openGcp, openHere, type Running, startAws, startGcp, startHsm } from "./support/services.ts";
import { holdingOf, keeps, openedOf, opens, outstandingOf, stateOf, storeOf, type Tapped } from "./support/stores.ts";

const flipped = (plaintext: Uint8Array): Uint8Array => plaintext.map((byte) => byte ^ 1);
const beside = keyFile("beside", 7);

/** Has the seal called `name` unwrap to other bytes than were wrapped. Answers how often it has been asked since. */
function lies({ taps }: Tapped, name: string): () => number {
  let calls = 0;
  const tap = taps.get(name);
  if (tap === undefined) throw new Error(`there is no ${name}`);
  tap.unwrapped = flipped;
  tap.before = async () => {
    calls++;
  };
  return () => calls;
}

function isHonest({ taps }: Tapped, name: string): void {
  delete taps.get(name)?.unwrapped;
}

describe("a Cloud KMS that answers wrongly", () => {
  let gcp: Running<CloudKms>;
  beforeAll(async () => {
    gcp = await startGcp();
  });
  afterAll(() => gcp?.stop());

  test("is found out at the unseal, which another seal does, and not asked again before it has proved itself", async () => {
    const { storage, store } = await openedOf([gcp, beside]);
    await store.close();
    // Whoever answers later than another one is not listened to.
    const it = await storeOf([gcp, beside], { storage, headStartMilliseconds: 5_000 });
    const calls = lies(it, "gcp");
    await it.store.unseal();
    expect(await keeps(it.store)).toBe(true);
    expect(it.doubted).toEqual(["gcp"]);
    const asked = calls();
    await it.store.rotate();
    await rootKeyRotation(it.store, [], "accept");
    await it.store.put("more", Buffer.from("to count"));
    await it.store.seal();
    await it.store.unseal();
    expect(calls()).toBe(asked);
    expect(await holdingOf(it, "gcp")).toMatchObject({ upToDate: false, idleReason: expect.any(Error) });
    await it.store.seals.deliverOutstanding();
    expect(await holdingOf(it, "gcp")).toMatchObject({ upToDate: false });
    expect(await opens(storage, gcp)).toBe(false);

    isHonest(it, "gcp");
    await it.store.seals.deliverOutstanding();
    expect(await holdingOf(it, "gcp")).toMatchObject({ upToDate: true, idleReason: undefined });
    expect(await opens(storage, gcp)).toBe(true);
    await it.store.close();
  });

  test("is left out of a new root key, which is listed, and given it once it is right", async () => {
    const it = await openedOf([beside, gcp]);
    lies(it, "gcp");
    await rejectsWithCode(rootKeyRotation(it.store, [], "refuse"), "FORCE_NEEDED");
    await rootKeyRotation(it.store, [], "accept");
    expect((await outstandingOf(it)).gcp).toContain("sealwright/seals/gcp/root-key");
    expect(await opens(it.storage, beside)).toBe(true);
    isHonest(it, "gcp");
    await it.store.seals.deliverOutstanding();
    expect(await outstandingOf(it)).toEqual({});
    expect(await opens(it.storage, gcp)).toBe(true);
    await it.store.close();
  });

  test("alone opens nothing, is told apart from one that is down, and changes nothing", async () => {
    const { storage, store } = await openedOf([gcp]);
    await store.close();
    const before = await stateOf(storage);
    const it = await storeOf([gcp], { storage });
    lies(it, "gcp");
    await rejectsWithCode(it.store.unseal(), "ENTRY_CORRUPT");
    expect(await stateOf(storage)).toEqual(before);
    isHonest(it, "gcp");
    await it.store.unseal();
    expect(await keeps(it.store)).toBe(true);
    await it.store.close();
  });

  test("that comes back with other key material under the same name is named, and given nothing", async () => {
    const it = await openedOf([gcp, beside]);
    await it.store.close();
    const impostor = await startCloudKms();
    try {
      const other = { ...gcp, open: () => openGcp(impostor) };
      const again = await storeOf([other, beside], { storage: it.storage, headStartMilliseconds: 5_000 });
      await again.store.unseal();
      expect(again.doubted).toEqual(["gcp"]);
      const { idleReason } = await holdingOf(again, "gcp");
      expect(String(idleReason)).toMatch(
        /does not open core\/hsm\/barrier-unseal-keys, which a key called "projects.*cryptoKeys/,
      );
      await rootKeyRotation(again.store, [], "accept");
      await again.store.seals.deliverOutstanding();
      expect(await opens(it.storage, other)).toBe(false);
      await again.store.close();
    } finally {
      await impostor.stop();
    }
    const last = await storeOf([gcp, beside], { storage: it.storage });
    await last.store.unseal();
    await last.store.seals.deliverOutstanding();
    expect(await opens(it.storage, gcp)).toBe(true);
    await last.store.close();
  });
});

describe.skipIf(partMissing("SoftHSM"))("an HSM whose key was made anew under the same label", () => {
  let hsm: Running<SoftHsm>;
  beforeAll(async () => {
    hsm = await startHsm();
  });
  afterAll(() => hsm?.stop());

  test("is named, is not trusted, and is a seal again once it was removed and added", async () => {
    const it = await openedOf([hsm, beside]);
    await it.store.close();
    await hsm.harness.deleteSecretKey(HSM_KEY);
    await hsm.harness.addAesKey(HSM_KEY);
    const alone = await storeOf([hsm], { storage: it.storage });
    const before = await stateOf(it.storage);
    const { message } = await rejectsWithCode(alone.store.unseal(), "WRONG_SEAL");
    expect(message).toMatch(/the pkcs11 seal does not open core\/hsm\/barrier-unseal-keys/);
    expect(await stateOf(it.storage)).toEqual(before);
    await alone.store.close();

    const again = await storeOf([hsm, beside], { storage: it.storage, headStartMilliseconds: 5_000 });
    await again.store.unseal();
    expect(again.doubted).toEqual(["hsm"]);
    await again.store.seals.deliverOutstanding();
    await rotation(again.store, [], "accept");
    expect(await opens(it.storage, hsm)).toBe(false);
    await again.store.seals.remove("hsm");
    await again.store.seals.add("hsm");
    expect(await opens(it.storage, hsm)).toBe(true);
    await again.store.close();
  });
});

describe.skipIf(partMissing("LocalStack"))("an alias of AWS KMS that was moved to another key", () => {
  let aws: Awaited<ReturnType<typeof startAws>>;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws?.stop());

  test("still opens what the old key wrapped, tells both keys, and moves to the new one when it is asked to", async () => {
    const { endpoint, region, key } = aws.harness;
    const stanza = { region, kms_key_id: key.alias, endpoint, access_key: "test", secret_key: "test" };
    const byAlias = { name: "aws", open: () => openHere(awskms, stanza) };
    const it = await openedOf([byAlias, beside]);
    const fresh = await aws.harness.rotateKey();
    expect(await opens(it.storage, byAlias)).toBe(true);
    expect(await it.store.seals.prove("aws")).toMatchObject({
      stored: { keyId: expect.stringContaining(key.id) },
      present: { keyId: fresh },
    });
    expect(it.doubted).toEqual([]);
    await aws.harness.disableKey();
    expect(await opens(it.storage, byAlias)).toBe(false);
    expect(await opens(it.storage, beside)).toBe(true);
    await aws.harness.enableKey();
    await it.store.rewrap.start();
    await it.store.rewrap.resume();
    const { wrapped } = await holdingOf(it, "aws");
    expect(new Set(wrapped.map(({ keyId }) => keyId))).toEqual(new Set([fresh]));
    await aws.harness.disableKey();
    expect(await opens(it.storage, byAlias)).toBe(true);
    await it.store.close();
  });
});
