// SPDX-License-Identifier: Apache-2.0
/** Keeps the token alive: renewed soon after the seal is opened, and then at half of the life that it was given. */
import { isSealError, type SealEnvironment } from "@sealwright/seal";
import * as z from "zod";
import type { Answer, Remote } from "./remote.ts";

/** Opening a seal touches no network, so the first renewal comes after it. */
const FIRST_MS = 5_000;
const AFTER_FAILURE_MS = 60_000;
const SHORTEST_MS = 1_000;
/** Timers hold 2^31 - 1 ms; renewing daily is often enough for any token. */
const LONGEST_MS = 24 * 60 * 60 * 1_000;
const DEADLINE_MS = 30_000;

const renewedSchema = z.object({ auth: z.object({ lease_duration: z.number().min(0), renewable: z.boolean() }) });

/** What follows from one try: a pause until the next, or none, and what the operator should know. */
interface Outcome {
  readonly pause?: number;
  readonly warning?: string;
}

function afterFailure(warning: string): Outcome {
  return { pause: AFTER_FAILURE_MS, warning };
}

function outcomeOf({ status, body }: Answer, address: string): Outcome {
  const { auth } = renewedSchema.safeParse(body).data ?? {};
  if (status === 400 || auth?.renewable === false) {
    const never = auth?.lease_duration === 0;
    if (never) return {};
    return {
      warning: `the transit seal's token at ${address} cannot be renewed: give one that can, best a periodic one`,
    };
  }
  if (status === 403) {
    return afterFailure(
      `${address} denies renewing the transit seal's token: it is expired or revoked, or its policy lacks ` +
        'path "auth/token/renew-self" { capabilities = ["update"] }',
    );
  }
  if (auth === undefined) {
    return afterFailure(`the transit seal's token was not renewed: ${address} answered with status ${status}`);
  }
  const half = (auth.lease_duration * 1_000) / 2;
  return auth.lease_duration === 0 ? {} : { pause: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, half)) };
}

async function renew({ post, settings }: Remote): Promise<Outcome> {
  try {
    const answer = await post("auth/token/renew-self", {}, AbortSignal.timeout(DEADLINE_MS));
    return outcomeOf(answer, settings.address);
  } catch (error) {
    if (!isSealError(error)) throw error;
    return afterFailure(`the transit seal's token was not renewed: ${error.message}`);
  }
}

/**
 * Renews the token of `remote` until the answered function is called. The timer keeps no process alive. A failure is
 * logged when it begins or changes, and tried again every minute. A token that never expires is left alone.
 */
export function keepRenewed(remote: Remote, env: SealEnvironment): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let warned: string | undefined;

  const schedule = (pause: number): void => {
    timer = setTimeout(() => void step(), pause).unref();
  };
  const step = async (): Promise<void> => {
    const { pause, warning } = await renew(remote);
    if (stopped) return;
    if (warning !== undefined && warning !== warned) env.log("warn", warning);
    if (warning === undefined && warned !== undefined) env.log("info", "the transit seal's token is renewed again");
    warned = warning;
    if (pause !== undefined) schedule(pause);
  };

  schedule(FIRST_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
