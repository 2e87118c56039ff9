// SPDX-License-Identifier: Apache-2.0
import type { ApiRequest, ApiResponse, OperationDescription } from "../../http/api.ts";
import { HttpError } from "../../http/problem.ts";
import type { TransitKeyStore } from "./key-store.ts";
import { KEY_TYPE } from "./named-key.ts";

/** A request about one key of a transit mount. */
export interface TransitCall {
  readonly keys: TransitKeyStore;
  /** The key's name, checked. */
  readonly name: string;
  readonly request: ApiRequest;
  now(): Date;
  /** Does `work` while nobody else changes this key. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** One operation of the engine. */
export type TransitHandler = (call: TransitCall) => Promise<ApiResponse>;

/** What one method of a path does. Its schema checks requests, and describes them in the OpenAPI document. */
export interface TransitOperation extends OperationDescription {
  readonly handle: TransitHandler;
}

/** Throws 400 unless `type` is the one that is served. */
export function checkType(type: string): void {
  if (type === KEY_TYPE) return;
  throw new HttpError(400, `unknown key type ${type.slice(0, 64)}: keys of type ${KEY_TYPE} are served, and no others`);
}

/** Throws 400 where a field asks for what this engine doesn't do; `fields` are those that were given. */
export function refuseUnserved(fields: Readonly<Record<string, string | number | boolean | undefined>>): void {
  const [name] = Object.entries(fields).find(([, value]) => Boolean(value)) ?? [];
  if (name !== undefined) throw new HttpError(400, `${name} is not served by this transit engine: leave it out`);
}
