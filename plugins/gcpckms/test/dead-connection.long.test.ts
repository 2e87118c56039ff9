// SPDX-License-Identifier: Apache-2.0
import { startFaultProxy } from "@sealwright/testing";
import { startCloudKms } from "@sealwright/testing/cloud-kms";
import { expect, test } from "vitest";
import { openSeal, stanzaFor } from "./support/cloud.ts";

test("a connection that died without a word is given up and replaced within one call", async () => {
  const kms = await startCloudKms();
  const proxy = await startFaultProxy({ port: kms.port });
  const seal = await openSeal({ ...stanzaFor(kms), endpoint: `http://${proxy.address}` });
  const rootKey = Buffer.alloc(32, 7);
  const blob = await seal.wrap(rootKey);
  expect(proxy.connections).toBe(1);
  // The first connection loses whatever is sent from now on.
  proxy.set(() => ({ kind: proxy.connections === 1 ? "black hole" : "none" }));
  const unwrapped = await seal.unwrap(blob, { signal: AbortSignal.timeout(30_000) });
  expect(Buffer.from(unwrapped)).toEqual(rootKey);
  expect(proxy.connections).toBe(2);
  await seal.close();
  await proxy.stop();
  await kms.stop();
}, 40_000);
