// SPDX-License-Identifier: Apache-2.0
/** `data/<path>`: the versions of a secret. */
import * as z from "zod";
import type { ApiResponse } from "../../http/api.ts";
import { HttpError } from "../../http/problem.ts";
import { dataResponse, noContent } from "../../http/respond.ts";
import { type JsonText, readJsonText, readMembers } from "../json-text.ts";
import { checkKeyPath, checkPatchType, type Kv2Request, versionView } from "./context.ts";
import { addVersion, deleteVersions, isReadable, type KeyMetadata, type Kv2Config, newKey } from "./key-metadata.ts";
import { mergePatch } from "./merge-patch.ts";
import { findVersion, versionResponse } from "./read-version.ts";

const INTEGER = /^-?\d+$/;

/** What {@link readWrite} reads, for the OpenAPI document: it keeps the text of the data, which no schema would. */
export const dataBody = z.object({
  data: z.record(z.string(), z.unknown()),
  options: z.object({ cas: z.union([z.int(), z.string()]).optional() }).optional(),
});

/** The version that the write wants to come after, or undefined where it does not say. Throws 400. */
function checkAndSet(options: JsonText | undefined): number | undefined {
  if (options === undefined || options.text === "null") return undefined;
  if (options.members === undefined) throw new HttpError(400, "options must be a JSON object");
  const given = options.members.get("cas");
  if (given === undefined) return undefined;
  const value: unknown = JSON.parse(given.text);
  const text = typeof value === "string" ? value.trim() : given.text;
  const number = typeof value === "string" || typeof value === "number" ? Number(text) : Number.NaN;
  if (INTEGER.test(text) || Number.isInteger(number)) return number;
  throw new HttpError(400, "error parsing check-and-set parameter");
}

function refuseStale(cas: number | undefined, key: KeyMetadata, config: Kv2Config): void {
  if (cas === undefined) {
    if (!config.cas_required && !key.casRequired) return;
    throw new HttpError(400, "check-and-set parameter required for this call");
  }
  if (cas !== key.currentVersion) {
    throw new HttpError(400, "check-and-set parameter did not match the current version");
  }
}

/** What a write's body says. Throws 400. */
function readWrite(text: string): { data: JsonText; cas: number | undefined } {
  const body = readMembers(text);
  const data = body.get("data");
  if (data === undefined || data.text === "null") throw new HttpError(400, "no data provided");
  if (data.members === undefined) throw new HttpError(400, "data must be a JSON object");
  return { data, cas: checkAndSet(body.get("options")) };
}

async function putVersion(
  { keys, path }: Kv2Request,
  before: KeyMetadata,
  config: Kv2Config,
  data: string,
  now: Date,
): Promise<ApiResponse> {
  const { key, dropped } = addVersion(before, config, now);
  await keys.put(path, key, data, dropped);
  const version = key.versions[key.currentVersion];
  if (version === undefined) throw new Error("the version that was just added is missing");
  return dataResponse(versionView(key.currentVersion, version, key.customMetadata));
}

/** GET, of the current version or of `?version=`. */
export async function readData(call: Kv2Request): Promise<ApiResponse> {
  return versionResponse(call, "data", (text) => text);
}

/** PUT and POST: one more version. */
export async function writeData(call: Kv2Request): Promise<ApiResponse> {
  checkKeyPath(call.path);
  const { data, cas } = readWrite(call.request.text);
  return call.alone(async () => {
    const [config, found] = await Promise.all([call.keys.config(), call.keys.key(call.path)]);
    const now = call.now();
    const before = found ?? newKey(now);
    refuseStale(cas, before, config);
    return putVersion(call, before, config, data.text, now);
  });
}

/** PATCH: one more version, made of the current one by a merge patch. */
export async function patchData(call: Kv2Request): Promise<ApiResponse> {
  checkPatchType(call.request);
  checkKeyPath(call.path);
  const { data, cas } = readWrite(call.request.text);
  return call.alone(async () => {
    const found = await findVersion(call, 0);
    if (found === undefined) throw new HttpError(404);
    const { key, number, version } = found;
    const config = await call.keys.config();
    refuseStale(cas, key, config);
    const now = call.now();
    if (!isReadable(version, now)) {
      return dataResponse(versionView(number, version, key.customMetadata), { status: 404 });
    }
    const text = await call.keys.data(key, number);
    if (text === undefined) throw call.keys.lost(call.path, number);
    return putVersion(call, key, config, mergePatch(readJsonText(text), data), now);
  });
}

/** DELETE: marks the current version as deleted. */
export async function deleteData(call: Kv2Request): Promise<ApiResponse> {
  checkKeyPath(call.path);
  return call.alone(async () => {
    const key = await call.keys.key(call.path);
    if (key !== undefined) {
      await call.keys.put(call.path, deleteVersions(key, [key.currentVersion], call.now()), undefined, []);
    }
    return noContent();
  });
}
