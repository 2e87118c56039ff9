// SPDX-License-Identifier: Apache-2.0
import type { UnsealFailure } from "@sealwright/core";
import { isSealError } from "@sealwright/seal";
import type { Log } from "./log.ts";

const REMINDER_MS = 10 * 60_000;

/** Whether the next attempt may succeed without anybody doing anything, so that each one is news. */
function mayPass(error: unknown): boolean {
  return isSealError(error) && error.retryable;
}

/** What was found, which only the log shows: who asks for the status may be anybody. */
function causeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.cause === undefined) return undefined;
  return error.cause instanceof Error ? error.cause.message : String(error.cause);
}

/**
 * Logs failed attempts to unseal. What somebody has to repair first is said once, and again every ten minutes, however
 * often it is tried meanwhile. `now` is in milliseconds.
 */
export function unsealFailureLog(log: Log, now = Date.now): (failure: UnsealFailure, error: unknown) => void {
  let said: { readonly reason: string; readonly at: number } | undefined;
  return ({ reason, code, nextTry }, error) => {
    const at = now();
    if (!mayPass(error) && said?.reason === reason && at - said.at < REMINDER_MS) return;
    said = { reason, at };
    log.warn(`still sealed: ${reason}`, {
      code,
      cause: causeOf(error),
      ...(nextTry === undefined ? {} : { next_try: nextTry.toISOString() }),
    });
  };
}
