// SPDX-License-Identifier: Apache-2.0
import { timingSafeEqual } from "node:crypto";
import { SealError, type ShareNumbers, type SharesSealPlugin } from "@sealwright/seal";

/** Splits `key`, and makes sure that a threshold of the shares gives it back before anything depends on them. */
export async function splitKey(
  plugin: SharesSealPlugin,
  key: Uint8Array,
  numbers: ShareNumbers,
): Promise<Uint8Array[]> {
  const shares = await plugin.split(key, numbers);
  const again = await plugin.combine(shares.slice(-numbers.threshold));
  const whole = shares.length === numbers.shares && again.length === key.length && timingSafeEqual(again, key);
  again.fill(0);
  if (whole) return shares;
  for (const share of shares) share.fill(0);
  throw new SealError("SEAL_CONFIG", `the ${plugin.type} seal splits a key into shares that do not give it back`);
}
