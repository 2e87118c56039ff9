// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { hexRequest, kinds, obeys, openedStore, rekeyed, rekeyOf } from "./support.ts";

const MOST = { shares: 255, threshold: 128 };

it.each(kinds)("255 $name with threshold 128 allow the next 255, and 127 do not", async (kind) => {
  const opened = await openedStore(kind, MOST);
  const fresh = await rekeyed(rekeyOf(opened), opened.shares, hexRequest(MOST));
  expect(fresh).toHaveLength(255);
  await opened.store.seal();
  expect(await obeys(kind, opened.storage, fresh.slice(-128))).toBe(true);
  expect(await obeys(kind, opened.storage, fresh.slice(0, 127))).toBe(false);
  expect(await obeys(kind, opened.storage, opened.shares.slice(0, 128))).toBe(false);
});
