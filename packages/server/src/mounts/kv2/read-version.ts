// SPDX-License-Identifier: Apache-2.0
import type { ApiResponse } from "../../http/api.ts";
import { HttpError } from "../../http/problem.ts";
import { envelope } from "../../http/respond.ts";
import { integerParameter } from "../fields.ts";
import { isKeyPath, type Kv2Request, versionView } from "./context.ts";
import { isReadable, type KeyMetadata, type Version } from "./key-metadata.ts";

export interface Found {
  readonly key: KeyMetadata;
  readonly number: number;
  readonly version: Version;
}

/** The version `wanted` of the request's key, the current one for 0 and below, or undefined. */
export async function findVersion({ keys, path }: Kv2Request, wanted: number): Promise<Found | undefined> {
  const key = isKeyPath(path) ? await keys.key(path) : undefined;
  if (key === undefined) return undefined;
  const number = wanted > 0 ? wanted : key.currentVersion;
  const version = key.versions[number];
  return version === undefined ? undefined : { key, number, version };
}

/**
 * The version that the request asks for: `view` of its data beside its metadata, under `name`. A deleted or destroyed
 * one is 404 with null for the data. Throws 404 where there is none.
 */
export async function versionResponse(
  call: Kv2Request,
  name: string,
  view: (data: string) => string,
): Promise<ApiResponse> {
  const wanted = integerParameter(call.request.query, "version");
  // A write may take the version away between the two reads. Then, and only then, the writers are waited for.
  return (
    (await tryResponse(call, name, wanted, view)) ??
    (await call.alone(() => tryResponse(call, name, wanted, view))) ??
    Promise.reject(call.keys.lost(call.path, wanted))
  );
}

async function tryResponse(
  call: Kv2Request,
  name: string,
  wanted: number,
  view: (data: string) => string,
): Promise<ApiResponse | undefined> {
  const found = await findVersion(call, wanted);
  if (found === undefined) throw new HttpError(404);
  const { key, number, version } = found;
  const metadata = JSON.stringify(versionView(number, version, key.customMetadata));
  const respond = (data: string, status: number) => envelope(`{"${name}":${data},"metadata":${metadata}}`, { status });
  if (!isReadable(version, call.now())) return respond("null", 404);
  const data = await call.keys.data(key, number);
  return data === undefined ? undefined : respond(view(data), 200);
}
