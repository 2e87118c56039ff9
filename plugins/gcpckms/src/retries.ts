// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from "node:timers/promises";
import { isSealError } from "@sealwright/seal";

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;
const GROWTH = 4;

function mayPass(error: unknown): boolean {
  return isSealError(error) && error.retryable && error.code !== "SEAL_TIMEOUT";
}

/**
 * Calls `attempt` until it succeeds, at most three times, while it fails with what may pass by itself. In between it
 * pauses for at most 100 ms, then 400 ms, and at random half of that less, so that many servers do not come back at one moment. Once `signal`
 * aborts, the last failure stands.
 */
export async function withRetries<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (count === ATTEMPTS || signal.aborted || !mayPass(error)) throw error;
      const longest = FIRST_PAUSE_MS * GROWTH ** (count - 1);
      await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}
