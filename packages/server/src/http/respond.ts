// SPDX-License-Identifier: Apache-2.0
/** The shapes in which Vault answers. */
import { randomUUID } from "node:crypto";
import { stringifyExact } from "@sealwright/core";
import type { ApiResponse } from "./api.ts";

/** 200 with a bare object, as the unauthenticated `sys/` endpoints answer. */
export function plain(value: object, status = 200): ApiResponse {
  return { status, json: stringifyExact(value) };
}

/** 204. */
export function noContent(): ApiResponse {
  return { status: 204 };
}

/** What surrounds the data of a response. */
export interface EnvelopeParts {
  /** Seconds. */
  readonly leaseDuration?: number;
  readonly renewable?: boolean;
  readonly warnings?: readonly string[];
  readonly auth?: object;
  readonly status?: number;
}

/** The envelope around `data`, which is JSON text and goes out as it is, so that numbers stay exact. */
export function envelope(data: string, parts: EnvelopeParts = {}): ApiResponse {
  const warnings = parts.warnings === undefined || parts.warnings.length === 0 ? null : parts.warnings;
  return {
    status: parts.status ?? 200,
    json:
      `{"request_id":"${randomUUID()}","lease_id":"","renewable":${parts.renewable ?? false},` +
      `"lease_duration":${parts.leaseDuration ?? 0},"data":${data},"wrap_info":null,` +
      `"warnings":${JSON.stringify(warnings)},"auth":${JSON.stringify(parts.auth ?? null)}}`,
  };
}

/** The envelope around an object. */
export function dataResponse(data: object | null, parts: EnvelopeParts = {}): ApiResponse {
  return envelope(stringifyExact(data), parts);
}

/** As {@link dataResponse}, with the data repeated beside the envelope's fields, as old `sys/` endpoints answer. */
export function mergedResponse(data: object, parts: EnvelopeParts = {}): ApiResponse {
  const fields = stringifyExact(data).slice(1, -1);
  const response = envelope(`{${fields}}`, parts);
  return fields === "" ? response : { ...response, json: `{${fields},${response.json?.slice(1)}` };
}
