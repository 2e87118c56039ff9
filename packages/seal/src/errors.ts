// SPDX-License-Identifier: Apache-2.0
/** What each code means, whether trying again can help, and what the operator should do. One table for all seals. */
export const SEAL_ERRORS = {
  SEAL_UNAVAILABLE: { retry: true, advice: "check that the service or device is up and reachable" },
  SEAL_THROTTLED: { retry: true, advice: "the service asks for fewer requests; it is tried again after a pause" },
  SEAL_TIMEOUT: { retry: true, advice: "the service or device did not answer in time; see call_deadline" },
  SEAL_DENIED: { retry: false, advice: "check the credentials, the PIN and the permissions on the key" },
  SEAL_KEY_MISSING: { retry: false, advice: "check the key's name, label, id, region and vault" },
  SEAL_KEY_DISABLED: { retry: false, advice: "enable the key, or cancel its deletion, at its service" },
  SEAL_BAD_CIPHERTEXT: { retry: false, advice: "this was wrapped by another key, or was altered" },
  SEAL_CONFIG: { retry: false, advice: "correct the seal's configuration" },
  SEAL_PLUGIN_UNAVAILABLE: { retry: false, advice: "install what the seal's plugin needs" },
} as const satisfies Record<string, { readonly retry: boolean; readonly advice: string }>;

/** A code of {@link SEAL_ERRORS}. */
export type SealErrorCode = keyof typeof SEAL_ERRORS;

/**
 * The only error that a seal rejects with. `message` says in one sentence what was wrong, without secrets, and without
 * advice, which is shown behind it. Anybody who reaches the server may read it: it names the key or device as the
 * configuration does, and nothing that was found besides. What was found belongs into `cause`, which is for the log and
 * never goes into a response.
 */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly code: SealErrorCode;
  /**
   * Whether repeating the call with the same configuration can do harm, as a refused PIN does, which counts towards a
   * lock. The seal answers every later call with this error, and whoever opened it must not open it again unchanged.
   */
  readonly final: boolean;
  /** What to do about it: from the table, unless whoever threw it knew better. */
  readonly advice: string;

  constructor(
    code: SealErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly final?: boolean; readonly advice?: string },
  ) {
    super(message, options);
    this.code = code;
    this.final = options?.final ?? false;
    this.advice = options?.advice ?? SEAL_ERRORS[code].advice;
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return SEAL_ERRORS[this.code].retry;
  }
}

/** Whether `error` is a {@link SealError}, of `code` where one is given; holds across process and module copies. */
export function isSealError(error: unknown, code?: SealErrorCode): error is SealError {
  if (!(error instanceof Error) || error.name !== "SealError" || !("code" in error)) return false;
  return code === undefined
    ? typeof error.code === "string" && Object.hasOwn(SEAL_ERRORS, error.code)
    : error.code === code;
}
