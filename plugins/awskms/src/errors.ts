// SPDX-License-Identifier: Apache-2.0
/** What the seal says where an answer is none or late, or the blob or the settings are not right. */
import { quotedKeyId, SealError } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { isKeyName } from "./key-id.ts";

/** The two operations that the seal uses, by the names that policies have for them. */
export type Action = "kms:Encrypt" | "kms:Decrypt";

/** Where KMS is. */
export interface Place {
  readonly region: string;
  readonly endpoint: string | undefined;
}

/** What was asked, as messages name it. */
export interface Request extends Place {
  readonly action: Action;
  /** As the configuration or the blob names it; absent where a blob names none. */
  readonly key: string | undefined;
}

/** KMS as messages name it. */
export function kmsAt({ region, endpoint }: Place): string {
  return endpoint === undefined ? `AWS KMS in ${region}` : `AWS KMS at ${endpoint} (${region})`;
}

/** `key` and its name. A key id comes out of storage, so it may be anybody's: cut, and quoted where odd. */
export function keyNamed(key: string | undefined): string {
  if (key === undefined) return "key that wrapped this";
  return `key ${isKeyName(key) ? key : quotedKeyId(key)}`;
}

/** What the errors that every seal has call this one. */
export function nameOf({ key, region, endpoint }: Settings): string {
  const place = endpoint ?? region;
  const what = key === undefined ? "unwrapping only" : `key ${key}`;
  return `the awskms seal (${what}${place === undefined ? "" : ` at ${place}`})`;
}

/** The caller's signal aborted, or the seal was closed, while the request was under way. */
export function abandoned(request: Request, cause: unknown): SealError {
  const message = `${kmsAt(request)} did not answer ${request.action} with the ${keyNamed(request.key)} in time`;
  return new SealError("SEAL_TIMEOUT", message, { cause });
}

/** An answer that KMS never gives. What it was is told by its status alone: it may hold key bytes. */
export function garbled(request: Request, status: number | undefined): SealError {
  return new SealError(
    "SEAL_UNAVAILABLE",
    `what answers as ${kmsAt(request)} about the ${keyNamed(request.key)} is not KMS (status ${status ?? "unknown"})`,
    { advice: "correct endpoint, or look at the proxy in between" },
  );
}

/** The SDK failed before anything was sent. */
export function notMade(request: Request, cause: unknown): SealError {
  const message = `the AWS SDK could not ask ${kmsAt(request)} for ${request.action} with the ${keyNamed(request.key)}`;
  return new SealError("SEAL_CONFIG", message, {
    cause,
    advice: "the log has what it said; check endpoint, region and the AWS_ variables",
  });
}

/** A seal without a key of its own was asked to wrap. */
export function unwrapsOnly(): SealError {
  return new SealError(
    "SEAL_CONFIG",
    "the awskms seal has no kms_key_id (key_not_required is set), so it only unwraps",
  );
}

/** A blob names its key as no key of KMS is named. */
export function noSuchKey(request: Request): SealError {
  return new SealError("SEAL_KEY_MISSING", `${kmsAt(request)} has no ${keyNamed(request.key)}, which this names`);
}

/** The blob is of a form that this seal never had. */
export function notOurs(what: string): SealError {
  return new SealError("SEAL_BAD_CIPHERTEXT", `this is nothing that the awskms seal made: ${what}`);
}

/** The settings contradict each other. */
export function contradiction(message: string): SealError {
  return new SealError("SEAL_CONFIG", `seal "awskms": ${message}`);
}

/** A warning for the log. */
export function inPlain(endpoint: string): string {
  return `the awskms seal speaks to ${endpoint} without TLS: what protects the root key can be read on the way`;
}

/** A warning for the log. */
export function regionAssumed(region: string): string {
  return `the awskms seal finds no region in its block, variables, shared configuration or instance, and assumes ${region}`;
}
