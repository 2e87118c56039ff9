// SPDX-License-Identifier: Apache-2.0
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { errorInfoMessage, statusMessage } from "./service-definition.ts";

/** Why a request failed, for programs: `google.rpc.ErrorInfo`. */
export interface ErrorInfo {
  /** Upper snake case, unique within `domain`. */
  readonly reason: string;
  readonly domain: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A failed request: what a method throws and the service answers. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: status;
  readonly info: ErrorInfo | undefined;

  constructor(code: status, message: string, info?: ErrorInfo) {
    super(message);
    this.code = code;
    this.info = info;
  }
}

/** `error` as gRPC sends it, with the `google.rpc.Status` in `grpc-status-details-bin` that Google's clients read. */
export function statusObject(error: unknown): StatusObject {
  const known =
    error instanceof StatusError ? error : new StatusError(status.INTERNAL, `the emulator failed: ${String(error)}`);
  const metadata = new Metadata();
  if (known.info !== undefined) {
    const value = errorInfoMessage.serialize(known.info);
    const details = [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value }];
    metadata.set(
      "grpc-status-details-bin",
      statusMessage.serialize({ code: known.code, message: known.message, details }),
    );
  }
  return { code: known.code, details: known.message, metadata };
}

/** `INVALID_ARGUMENT`. */
export function invalidArgument(message: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, message);
}

/** `FAILED_PRECONDITION`. */
export function failedPrecondition(message: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, message);
}

/** `NOT_FOUND`, for a resource of a kind such as `CryptoKey`. */
export function notFound(kind: string, name: string): StatusError {
  return new StatusError(status.NOT_FOUND, `${kind} ${name} not found.`);
}

/** `ALREADY_EXISTS`, for a resource of a kind such as `CryptoKey`. */
export function alreadyExists(kind: string, name: string): StatusError {
  return new StatusError(status.ALREADY_EXISTS, `${kind} ${name} already exists.`);
}

/** `PERMISSION_DENIED`, as Cloud IAM words it: whether the resource exists is not told. */
export function permissionDenied(permission: string, resource: string): StatusError {
  return new StatusError(
    status.PERMISSION_DENIED,
    `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`,
    { reason: "IAM_PERMISSION_DENIED", domain: "cloudkms.googleapis.com", metadata: { permission, resource } },
  );
}

/** `UNAUTHENTICATED`, with a reason of googleapis.com such as `ACCESS_TOKEN_EXPIRED`. */
export function unauthenticated(reason: string): StatusError {
  return new StatusError(
    status.UNAUTHENTICATED,
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid " +
      "authentication credential.",
    { reason, domain: "googleapis.com", metadata: { service: "cloudkms.googleapis.com" } },
  );
}

/** `RESOURCE_EXHAUSTED`: more cryptographic requests than a minute's quota. */
export function quotaExceeded(): StatusError {
  return new StatusError(
    status.RESOURCE_EXHAUSTED,
    "Quota exceeded for quota metric 'Cryptographic requests' and limit 'Cryptographic requests per minute' of service " +
      "'cloudkms.googleapis.com'.",
    { reason: "RATE_LIMIT_EXCEEDED", domain: "googleapis.com", metadata: { service: "cloudkms.googleapis.com" } },
  );
}
