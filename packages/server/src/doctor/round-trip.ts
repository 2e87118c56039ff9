// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { type Seal, SealError } from "@sealwright/seal";

const CALLS = 20;
const TEXT_BYTES = 32;

/** How long one kind of call took, in milliseconds. */
export interface Timing {
  readonly median: number;
  readonly slowest: number;
}

/** How long the calls of a round trip took. */
export interface RoundTripTimings {
  readonly calls: number;
  readonly wrap: Timing;
  readonly unwrap: Timing;
}

async function timed<T>(durations: number[], work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const answer = await work();
  durations.push(performance.now() - began);
  return answer;
}

function timingOf(durations: readonly number[]): Timing {
  const sorted = [...durations].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, slowest: sorted.at(-1) ?? 0 };
}

/** Wraps and unwraps random bytes, one after the other. Throws as the seal does, and where other bytes come back. */
export async function roundTrip(seal: Seal): Promise<RoundTripTimings> {
  const [wraps, unwraps]: [number[], number[]] = [[], []];
  for (let call = 0; call < CALLS; call++) {
    const text = randomBytes(TEXT_BYTES);
    const blob = await timed(wraps, () => seal.wrap(text));
    const opened = await timed(unwraps, () => seal.unwrap(blob));
    if (!text.equals(opened)) throw new SealError("SEAL_CONFIG", "the seal gives back other bytes than it was given");
  }
  return { calls: CALLS, wrap: timingOf(wraps), unwrap: timingOf(unwraps) };
}
