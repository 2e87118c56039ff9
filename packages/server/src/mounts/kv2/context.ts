// SPDX-License-Identifier: Apache-2.0
import type { ApiRequest, ApiResponse, OperationDescription } from "../../http/api.ts";
import { HttpError } from "../../http/problem.ts";
import type { Version } from "./key-metadata.ts";
import type { KeyStore } from "./key-store.ts";

/** A request to one area of a version 2 mount. */
export interface Kv2Request {
  readonly keys: KeyStore;
  /** What follows the area in the path; not checked. */
  readonly path: string;
  readonly request: ApiRequest;
  now(): Date;
  /** Does `work` while nobody else changes the key at `path`. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** One operation of version 2. */
export type Kv2Handler = (call: Kv2Request) => Promise<ApiResponse>;

/** What one method of an area does. Its schema checks requests, and describes them in the OpenAPI document. */
export interface Kv2Operation extends OperationDescription {
  readonly handle: Kv2Handler;
}

/** Throws 400 unless `path` names a key. */
export function checkKeyPath(path: string): void {
  if (path === "") throw new HttpError(400, "missing path");
  if (path.endsWith("/")) throw new HttpError(400, "the path of a secret must not end in /");
}

/** Whether `path` can name a key at all: reading any other finds nothing. */
export function isKeyPath(path: string): boolean {
  return path !== "" && !path.endsWith("/");
}

/** Throws 415 unless a PATCH says that it is a merge patch. */
export function checkPatchType({ contentType = "" }: ApiRequest): void {
  const [type = ""] = contentType.split(";", 1);
  if (type.trim().toLowerCase() === "application/merge-patch+json") return;
  const given = type.trim().slice(0, 100);
  throw new HttpError(415, `PATCH requires Content-Type of application/merge-patch+json, provided ${given}`);
}

/** A version as `data` and `subkeys` show it. */
export function versionView(
  number: number,
  version: Version,
  customMetadata: readonly (readonly [string, string])[] | null,
) {
  return {
    created_time: version.created,
    custom_metadata: customMetadata === null ? null : Object.fromEntries(customMetadata),
    deletion_time: version.deletion,
    destroyed: version.destroyed,
    version: number,
  };
}
