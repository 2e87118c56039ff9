// SPDX-License-Identifier: Apache-2.0
import { CoreError, StorageError } from "@sealwright/core";
import { isSealError } from "@sealwright/seal";
import { AuditError } from "../audit/audit-file.ts";
import { ConfigError } from "../config/index.ts";

/** Why the server does not start: one sentence for the operator. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}

/** The sentence to end with for anything that start-up throws, or undefined for a defect of our own. */
export function startupSentence(error: unknown): string | undefined {
  if (error instanceof StartupError || error instanceof AuditError) return error.message;
  if (error instanceof ConfigError) return `error loading configuration: ${error.message}`;
  if (error instanceof StorageError || error instanceof CoreError || isSealError(error)) {
    return `${error.message} (${error.advice})`;
  }
  return undefined;
}
