// SPDX-License-Identifier: Apache-2.0
/** `metadata/<path>`: what is known of a key and set for it, and the names of keys. */
import * as z from "zod";
import type { ApiResponse } from "../../http/api.ts";
import { parseObject, readFields } from "../../http/body.ts";
import { HttpError } from "../../http/problem.ts";
import { dataResponse, noContent } from "../../http/respond.ts";
import { bool, duration, durationText, integer, versionCount } from "../fields.ts";
import { checkKeyPath, checkPatchType, isKeyPath, type Kv2Request } from "./context.ts";
import { patchCustomMetadata, readCustomMetadata } from "./custom-metadata.ts";
import { type KeyMetadata, type Kv2Config, newKey } from "./key-metadata.ts";

/** What a write or a merge patch may set. */
export const metadataBody = z.object({
  max_versions: versionCount.optional(),
  cas_required: bool.optional(),
  delete_version_after: duration.optional(),
  custom_metadata: z.unknown().optional(),
  metadata_cas_required: bool.optional(),
  /** The metadata version that this change is to come after. */
  metadata_cas: integer.optional(),
});

type Fields = z.output<typeof metadataBody>;

function view(key: KeyMetadata) {
  const versions = Object.entries(key.versions).map(
    ([number, { created, deletion, destroyed }]) =>
      [number, { created_time: created, deletion_time: deletion, destroyed }] as const,
  );
  return {
    cas_required: key.casRequired,
    created_time: key.created,
    current_metadata_version: key.metadataVersion,
    current_version: key.currentVersion,
    custom_metadata: key.customMetadata === null ? null : Object.fromEntries(key.customMetadata),
    delete_version_after: durationText(key.deleteVersionAfter),
    max_versions: key.maxVersions,
    metadata_cas_required: key.metadataCasRequired,
    oldest_version: key.oldestVersion,
    updated_time: key.updated,
    versions: Object.fromEntries(versions),
  };
}

/** A request that names nothing but `metadata_cas` changes nothing. */
function changesNothing({ metadata_cas: _, ...fields }: Fields): boolean {
  return Object.values(fields).every((value) => value === undefined);
}

function refuseStale(fields: Fields, key: KeyMetadata, config: Kv2Config): void {
  if (fields.metadata_cas === undefined) {
    if (!config.metadata_cas_required && !key.metadataCasRequired) return;
    throw new HttpError(400, "metadata check-and-set parameter required for this call");
  }
  if (fields.metadata_cas !== key.metadataVersion) {
    throw new HttpError(400, "metadata check-and-set parameter did not match the current metadata version");
  }
}

/** What a request wants that the mount's settings make ineffective. */
function warningsFor(fields: Fields, config: Kv2Config): string[] {
  const names = (["cas_required", "metadata_cas_required"] as const).filter(
    (name) => fields[name] === false && config[name],
  );
  return names.map((name) => `"${name}" set to false, but is mandated by backend config. This value will be ignored.`);
}

async function change(
  call: Kv2Request,
  fields: Fields,
  custom: (before: KeyMetadata["customMetadata"]) => KeyMetadata["customMetadata"],
  absent: () => KeyMetadata,
): Promise<ApiResponse> {
  return call.alone(async () => {
    const config = await call.keys.config();
    const before = (await call.keys.key(call.path)) ?? absent();
    if (changesNothing(fields)) return noContent();
    refuseStale(fields, before, config);
    const after: KeyMetadata = {
      ...before,
      maxVersions: fields.max_versions ?? before.maxVersions,
      casRequired: fields.cas_required ?? before.casRequired,
      deleteVersionAfter: fields.delete_version_after ?? before.deleteVersionAfter,
      metadataCasRequired: fields.metadata_cas_required ?? before.metadataCasRequired,
      customMetadata: custom(before.customMetadata),
      metadataVersion: before.metadataVersion + 1,
    };
    await call.keys.put(call.path, after, undefined, []);
    const warnings = warningsFor(fields, config);
    return warnings.length === 0 ? noContent() : dataResponse(null, { warnings });
  });
}

/** Answers a key's metadata. 404 where there is no such key. */
export async function readMetadata({ keys, path }: Kv2Request): Promise<ApiResponse> {
  const key = isKeyPath(path) ? await keys.key(path) : undefined;
  if (key === undefined) throw new HttpError(404);
  return dataResponse(view(key));
}

/** PUT and POST: sets what is named, and makes a key without versions where there is none. */
export async function writeMetadata(call: Kv2Request): Promise<ApiResponse> {
  checkKeyPath(call.path);
  const fields = readFields(call.request.text, metadataBody);
  const { custom_metadata: given } = fields;
  const custom = given === undefined ? undefined : readCustomMetadata(given);
  return change(
    call,
    fields,
    (before) => custom ?? before,
    () => newKey(call.now()),
  );
}

/** What a merge patch resets by null. */
const RESET: Readonly<Record<string, unknown>> = {
  max_versions: 0,
  cas_required: false,
  delete_version_after: 0,
  custom_metadata: {},
  metadata_cas_required: false,
};

/** PATCH: as a write, to a key that is there; names in `custom_metadata` that are null go. */
export async function patchMetadata(call: Kv2Request): Promise<ApiResponse> {
  checkPatchType(call.request);
  checkKeyPath(call.path);
  const given = parseObject(call.request.text);
  const set = Object.entries(given).map(([name, value]) => [name, value === null ? RESET[name] : value] as const);
  const fields = readFields(JSON.stringify(Object.fromEntries(set)), metadataBody);
  const custom = (before: KeyMetadata["customMetadata"]) => {
    if (fields.custom_metadata === undefined) return before;
    return given.custom_metadata === null ? null : patchCustomMetadata(before, fields.custom_metadata);
  };
  return change(call, fields, custom, () => {
    throw new HttpError(404);
  });
}

/** DELETE: the key, all of its versions and their data. */
export async function deleteMetadata(call: Kv2Request): Promise<ApiResponse> {
  checkKeyPath(call.path);
  return call.alone(async () => {
    const key = await call.keys.key(call.path);
    if (key !== undefined) await call.keys.remove(call.path, key);
    return noContent();
  });
}

/** LIST: the names of keys and folders directly below a folder. */
export async function listMetadata({ keys, path }: Kv2Request): Promise<ApiResponse> {
  const names = await keys.list(isKeyPath(path) ? `${path}/` : path);
  if (names.length === 0) throw new HttpError(404);
  return dataResponse({ keys: names });
}
