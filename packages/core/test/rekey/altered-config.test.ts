// SPDX-License-Identifier: Apache-2.0
import { Authorization, type KeptConfigs, paths, sealConfigConfirmation } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { alter } from "../support/storages.ts";
import { autoKind, hexRequest, obeys, openedStore, rekeyed, rekeyOf, shamirKind, submitted } from "./support.ts";

const THREE_OF_FIVE = { shares: 5, threshold: 3 };

function edited(change: object) {
  return (value: Buffer): Buffer => Buffer.from(JSON.stringify({ ...JSON.parse(value.toString()), ...change }));
}

/** A store with recovery shares whose configuration somebody has edited in the storage, opened again. */
async function altered(change: object, path: string = paths.RECOVERY_CONFIG) {
  const opened = await openedStore(autoKind, THREE_OF_FIVE);
  await opened.store.seal();
  await alter(opened.storage, path, edited(change));
  await opened.store.unseal();
  const confirmation = new Authorization<KeptConfigs, null>(opened.store, "confirmation");
  return { ...opened, confirmation, rekey: rekeyOf(opened) };
}

describe("a recovery configuration that was altered in the storage", () => {
  it.each([
    [paths.RECOVERY_CONFIG, { secret_threshold: 2 }],
    [paths.RECOVERY_CONFIG, { secret_shares: 6 }],
    [paths.RECOVERY_CONFIG, { type: "other" }],
    [paths.SEAL_CONFIG, { secret_shares: 2 }],
  ])("(%s, %o) shows in the status, and stops ceremonies", async (path, change) => {
    const { store, rekey } = await altered(change, path);
    expect((await store.status()).sealConfigsAltered).toBe(true);
    await rejectsWithCode(rekey.start(hexRequest()), "SEAL_CONFIG_ALTERED");
  });

  it("stops a ceremony that had begun before, and lets it go on when it is put right", async () => {
    const opened = await openedStore(autoKind, THREE_OF_FIVE);
    const rekey = rekeyOf(opened);
    const { nonce } = await rekey.start(hexRequest());
    await alter(opened.storage, paths.RECOVERY_CONFIG, edited({ secret_threshold: 2 }));
    await rejectsWithCode(rekey.submit(nonce, opened.shares[0]!), "SEAL_CONFIG_ALTERED");
    await alter(opened.storage, paths.RECOVERY_CONFIG, edited({ secret_threshold: 3 }));
    expect(await submitted(rekey, nonce, opened.shares.slice(0, 3))).toHaveLength(3);
  });

  it("is restored by a quorum of the threshold that this server wrote", async () => {
    const { store, storage, shares, confirmation, rekey } = await altered({ secret_threshold: 2 });
    const { nonce, required } = await confirmation.start(null, sealConfigConfirmation("written"));
    expect(required).toBe(3);
    for (const share of shares.slice(0, 2)) await confirmation.submit(nonce, share);
    expect(await confirmation.submit(nonce, shares[4]!)).toMatchObject({ complete: true, answer: "written" });
    expect(await store.status()).toMatchObject({ sealConfigsAltered: false, numbers: THREE_OF_FIVE });
    const fresh = await rekeyed(rekey, shares);
    await store.seal();
    expect(await obeys(autoKind, storage, fresh.slice(1))).toBe(true);
  });

  it("is not accepted by fewer shares than the key was split for", async () => {
    const { store, shares, confirmation } = await altered({ secret_threshold: 2 });
    const { nonce, required } = await confirmation.start(null, sealConfigConfirmation("stored"));
    expect(required).toBe(2);
    await confirmation.submit(nonce, shares[0]!);
    await rejectsWithCode(confirmation.submit(nonce, shares[1]!), "WRONG_SHARES");
    expect((await store.status()).sealConfigsAltered).toBe(true);
  });

  it("is accepted as it stands when a quorum says so", async () => {
    const { store, shares, confirmation } = await altered({ secret_threshold: 4 });
    const { nonce } = await confirmation.start(null, sealConfigConfirmation("stored"));
    for (const share of shares.slice(0, 3)) await confirmation.submit(nonce, share);
    expect(await confirmation.submit(nonce, shares[3]!)).toMatchObject({ complete: true, answer: "stored" });
    expect(await store.status()).toMatchObject({ sealConfigsAltered: false, numbers: { shares: 5, threshold: 4 } });
  });
});

describe("an unaltered configuration", () => {
  it.each([shamirKind, autoKind])("of $name does not show as altered, before and after a rekey", async (kind) => {
    const opened = await openedStore(kind);
    expect((await opened.store.status()).sealConfigsAltered).toBe(false);
    await rekeyed(rekeyOf(opened), opened.shares);
    expect((await opened.store.status()).sealConfigsAltered).toBe(false);
  });

  it("that an earlier seal left behind does not concern people's shares", async () => {
    const opened = await openedStore(shamirKind);
    await opened.storage.write([{ op: "put", path: paths.RECOVERY_CONFIG, value: Buffer.from("{") }]);
    expect((await opened.store.status()).sealConfigsAltered).toBe(false);
    expect(await rekeyed(rekeyOf(opened), opened.shares)).toHaveLength(3);
  });
});
