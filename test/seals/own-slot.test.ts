// SPDX-License-Identifier: Apache-2.0
/** Seals beside each other are asked for what they have wrapped themselves, and for nothing else. */
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyFile, openGcp } from "./support/services.ts";
import { keeps, openedOf, storeOf } from "./support/stores.ts";

let kms: CloudKms;
beforeAll(async () => {
  kms = await startCloudKms();
});
afterAll(() => kms?.stop());

test("a seal is not handed the keyring's slot of another one at an unseal", async () => {
  const gcp = { name: "gcp", open: () => openGcp(kms) };
  // A key file answers sooner, so that its slot comes first.
  const { storage, store } = await openedOf([gcp, keyFile("quick", 4), keyFile("quicker", 5)]);
  await store.rotate();
  await store.close();
  const it = await storeOf([gcp], { storage });
  const asked: string[] = [];
  const tap = it.taps.get("gcp");
  if (tap !== undefined) tap.before = async (operation) => void asked.push(operation);
  await it.store.unseal();
  expect(await keeps(it.store)).toBe(true);
  expect(asked).toEqual(["unwrap", "unwrap"]);
  await it.store.close();
});
