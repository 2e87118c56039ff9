// SPDX-License-Identifier: Apache-2.0
/** Every refusal as `{"errors": [...]}`: which status for which code stands in this one table. */
import { CoreError, type CoreErrorCode, StorageError, type StorageErrorCode } from "@sealwright/core";
import { isSealError, type SealErrorCode } from "@sealwright/seal";
import type { ApiResponse } from "./api.ts";

/** A refusal at the edge itself. `errors` are the sentences of the body; none for what Vault answers bare. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly errors: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  constructor(status: number, ...errors: string[]) {
    super(errors.join("; ") || `status ${status}`);
    this.status = status;
    this.errors = errors;
  }
}

/** 429: `path` may be asked again after `seconds`. */
export class TooManyRequests extends HttpError {
  override readonly headers: Readonly<Record<string, string>>;
  constructor(path: string, seconds: number) {
    super(429, `too many requests to ${path}: try again in ${seconds} s`);
    this.headers = { "Retry-After": String(seconds) };
  }
}

const CORE_STATUS: Readonly<Record<CoreErrorCode, number>> = {
  NOT_INITIALIZED: 400,
  ALREADY_INITIALIZED: 400,
  STORAGE_INCOMPLETE: 500,
  SEALED: 503,
  UNSEALED: 400,
  FOREIGN_STORAGE: 400,
  INVALID_REQUEST: 400,
  INVALID_SHARE: 400,
  WRONG_SHARES: 400,
  WRONG_SEAL: 500,
  MIGRATION_PENDING: 400,
  NO_SEAL_ANSWERS: 503,
  FORCE_NEEDED: 400,
  NO_SEAL_LEFT: 400,
  WEAKER_SEAL: 400,
  ENTRY_CORRUPT: 500,
  IN_PROGRESS: 400,
  KEY_EXHAUSTED: 503,
  NOT_IN_PROGRESS: 400,
  WRONG_NONCE: 400,
  REPEATED_SHARE: 400,
  VERIFICATION_PENDING: 400,
  SEAL_CONFIG_ALTERED: 400,
};

const SEAL_STATUS: Readonly<Record<SealErrorCode, number>> = {
  SEAL_UNAVAILABLE: 503,
  SEAL_THROTTLED: 503,
  SEAL_TIMEOUT: 503,
  SEAL_DENIED: 500,
  SEAL_KEY_MISSING: 500,
  SEAL_KEY_DISABLED: 500,
  SEAL_BAD_CIPHERTEXT: 500,
  SEAL_CONFIG: 500,
  SEAL_PLUGIN_UNAVAILABLE: 500,
};

const STORAGE_STATUS: Readonly<Record<StorageErrorCode, number>> = {
  STORAGE_LOCKED: 500,
  STORAGE_UNUSABLE: 500,
  STORAGE_PATH: 400,
  STORAGE_CORRUPT: 500,
  STORAGE_CLOSED: 503,
  STORAGE_FAILED: 500,
};

/** Refusals of ours alone, which no client knows by their sentence: what to do stands behind it. */
const ADVISED: ReadonlySet<CoreErrorCode> = new Set(["WEAKER_SEAL", "FORCE_NEEDED", "NO_SEAL_LEFT", "NO_SEAL_ANSWERS"]);

/** Vault's sentence for a sealed server, which its clients look for. */
export const SEALED_MESSAGE = "Vault is sealed";

/** The status and sentences for anything thrown. What is not one of our errors says nothing of itself. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof CoreError) {
    const { code, message, advice } = error;
    const sentence = ADVISED.has(code) ? `${message}: ${advice}` : message;
    return new HttpError(CORE_STATUS[code], code === "SEALED" ? SEALED_MESSAGE : sentence);
  }
  if (error instanceof StorageError) return new HttpError(STORAGE_STATUS[error.code], error.message);
  if (isSealError(error)) return new HttpError(SEAL_STATUS[error.code], `${error.message}: ${error.advice}`);
  return new HttpError(500, "internal error: see the server's log");
}

/** The response for a refusal. */
export function problem(error: HttpError): ApiResponse {
  const { status, errors, headers } = error;
  return { status, json: JSON.stringify({ errors }), ...(headers === undefined ? {} : { headers }) };
}

/** Vault's answer to a missing or unknown token. */
export function permissionDenied(): HttpError {
  return new HttpError(403, "permission denied");
}

/** Vault's frame around what its router, rather than its HTTP layer, refuses. */
export function routerError(status: number, sentence: string): HttpError {
  return new HttpError(status, `1 error occurred:\n\t* ${sentence}\n\n`);
}
