// SPDX-License-Identifier: Apache-2.0
/** A call that failed, and how what is to be said of it is written down. */
import type { SealErrorCode } from "@sealwright/seal";
import type { Target } from "./errors.ts";

/** The gRPC statuses that are told apart (google.rpc.Code). */
export const GRPC = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** The two methods of the service that the seal uses. */
export type Operation = "encrypt" | "decrypt";

/** A call that failed, as Google's library tells it. */
export interface Failure {
  /** A gRPC status; undefined where the call did not get that far. */
  readonly status: number | undefined;
  readonly details: string;
  /** The reason of the `google.rpc.ErrorInfo`, such as `SERVICE_DISABLED`. */
  readonly reason: string | undefined;
}

/** What is said of the failures that fit: each of the first three must, where it is there. */
export interface Row {
  /** Any where left out. */
  readonly status?: number;
  /** Any where left out. */
  readonly operation?: Operation;
  /** What the reason and the details must match, as one text; anything where left out. */
  readonly says?: RegExp;
  readonly code: SealErrorCode;
  explain(target: Target, operation: Operation, details: string): string;
  advise?(target: Target, details: string): string | undefined;
}
