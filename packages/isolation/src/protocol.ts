// SPDX-License-Identifier: Apache-2.0
/**
 * What crosses the channel between a host and the child process that runs a seal plugin. Values are structured clones
 * (`serialization: "advanced"`), so bytes stay bytes and keys never become strings.
 */
import {
  type Diagnosis,
  isSealError,
  SEAL_ERRORS,
  type SealEnvironment,
  SealError,
  type SealErrorCode,
  type SealedBlob,
} from "@sealwright/seal";

/** What a host asks of its child. `open` comes first and once, `close` last; `diagnose` stands alone. */
export type Request =
  | { readonly op: "diagnose"; readonly config: Readonly<Record<string, unknown>> }
  | { readonly op: "open"; readonly config: Readonly<Record<string, unknown>> }
  | { readonly op: "wrap"; readonly plaintext: Uint8Array; readonly aad?: Uint8Array }
  | { readonly op: "unwrap"; readonly blob: SealedBlob; readonly aad?: Uint8Array }
  | { readonly op: "close" };

/** The value that answers each request. */
export interface Answers {
  readonly diagnose: Diagnosis;
  readonly open: undefined;
  readonly wrap: SealedBlob;
  readonly unwrap: Uint8Array;
  readonly close: undefined;
}

/** A request under a number that its outcome repeats: several may be under way at once. */
export interface NumberedRequest {
  readonly id: number;
  readonly request: Request;
}

/** What a host sends: the requests of one turn of its event loop. */
export type ToChild = readonly NumberedRequest[];

/** A level of the log, as plugins give it. */
export type LogLevel = Parameters<SealEnvironment["log"]>[0];

/** What became of a request. */
export type Outcome =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };

/** What a child sends: the outcomes of one turn of its event loop, or what the host shall know at once. */
export type FromChild =
  | { readonly kind: "outcomes"; readonly outcomes: readonly Outcome[] }
  | { readonly kind: "replace"; readonly reason: string }
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string };

/** A `SealError` as it crosses the channel. */
export interface Failure {
  readonly code: SealErrorCode;
  readonly message: string;
  /** Never repeat the call with the same configuration: the host remembers this failure for good. */
  readonly final: boolean;
  readonly advice: string;
  /** The text of the cause, for the log. */
  readonly detail?: string;
}

function detailOf(cause: unknown): { detail?: string } {
  if (cause === undefined) return {};
  return { detail: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause) };
}

/** What `error` becomes on the channel. Anything but a `SealError` breaks the plugin's contract, and says so. */
export function toFailure(error: unknown): Failure {
  if (isSealError(error)) {
    const { code, message, final, advice } = error;
    return { code, message, final, advice, ...detailOf(error.cause) };
  }
  return {
    code: "SEAL_UNAVAILABLE",
    message: "the seal's plugin failed in a way that it should not; the log has the details",
    final: false,
    advice: SEAL_ERRORS.SEAL_UNAVAILABLE.advice,
    ...detailOf(error),
  };
}

/** The error that a failure stands for. */
export function toError({ code, message, final, advice, detail }: Failure): SealError {
  return new SealError(code, message, { final, advice, ...(detail === undefined ? {} : { cause: new Error(detail) }) });
}
