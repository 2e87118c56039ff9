// SPDX-License-Identifier: Apache-2.0
/** Which requests are sent again, and when: briefly, since whoever calls the seal tries again with longer pauses. */
import { type PipelinePolicy, type PipelineResponse, type RetryStrategy, retryPolicy } from "@azure/core-rest-pipeline";

const TRIES_MORE = 2;
const FIRST_PAUSE_MS = 250;
/** A service that asks for more than this is told to the caller instead. */
const LONGEST_PAUSE_MS = 2_000;

/** A kept connection that the other side has closed meanwhile. */
const STALE: readonly (string | undefined)[] = ["ECONNRESET", "EPIPE"];

/** Up to a quarter more, so that many clients do not come back at once. */
const jittered = (milliseconds: number): number => milliseconds * (1 + Math.random() / 4);

/** What `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110, section 10.2.3). */
function askedFor({ headers }: PipelineResponse): number | undefined {
  const text = headers.get("Retry-After");
  if (text === undefined) return undefined;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

const strategy: RetryStrategy = {
  name: "sealwrightRetries",
  retry({ retryCount, response, responseError }) {
    const isWorthIt =
      response === undefined
        ? STALE.includes(responseError?.code)
        : response.status === 429 || response.status === 408 || response.status >= 500;
    const asked = response === undefined ? undefined : askedFor(response);
    const pause = asked ?? FIRST_PAUSE_MS * 2 ** retryCount;
    if (!isWorthIt || pause > LONGEST_PAUSE_MS) return { skipStrategy: true };
    return { retryAfterInMs: jittered(pause) };
  },
};

/** Sends a request up to twice more where that may help. */
export function retries(): PipelinePolicy {
  return retryPolicy([strategy], { maxRetries: TRIES_MORE });
}
