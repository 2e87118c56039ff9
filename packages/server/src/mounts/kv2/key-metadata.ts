// SPDX-License-Identifier: Apache-2.0
/** What version 2 knows of a key, and how it changes: values and pure functions. Times are RFC 3339, durations seconds. */
import { randomBytes } from "node:crypto";
import * as z from "zod";

/** Versions that are kept where nobody says how many. */
const DEFAULT_MAX_VERSIONS = 10;

const versionSchema = z.object({
  created: z.string(),
  /** When it was or will be deleted; empty for never. */
  deletion: z.string(),
  destroyed: z.boolean(),
});

/** One version's metadata. */
export type Version = Readonly<z.output<typeof versionSchema>>;

/** A key's metadata as it stands in storage. */
export const keyMetadataSchema = z.object({
  /** Names the entries of this key's versions. A key that is deleted and made again has another one. */
  id: z.string(),
  created: z.string(),
  updated: z.string(),
  /** 0 where there is no version yet. */
  currentVersion: z.number(),
  /** 0 until the first version falls off. */
  oldestVersion: z.number(),
  versions: z.record(z.string(), versionSchema),
  /** 0 for the mount's. */
  maxVersions: z.number(),
  casRequired: z.boolean(),
  /** 0 for the mount's. */
  deleteVersionAfter: z.number(),
  /** Pairs, since a record cannot hold every name. Null where none was ever set. */
  customMetadata: z.array(z.tuple([z.string(), z.string()])).nullable(),
  /** Counts the changes of the metadata alone. */
  metadataVersion: z.number(),
  metadataCasRequired: z.boolean(),
});

/** A key's metadata. */
export type KeyMetadata = Readonly<z.output<typeof keyMetadataSchema>>;

/** A mount's settings for all of its keys. */
export const kv2ConfigSchema = z.object({
  max_versions: z.number(),
  cas_required: z.boolean(),
  /** Seconds; below 0, no version is ever deleted by its age. */
  delete_version_after: z.number(),
  metadata_cas_required: z.boolean(),
});

/** A mount's configuration. */
export type Kv2Config = Readonly<z.output<typeof kv2ConfigSchema>>;

/** Of a mount that was never configured. */
export const DEFAULT_CONFIG: Kv2Config = {
  max_versions: 0,
  cas_required: false,
  delete_version_after: 0,
  metadata_cas_required: false,
};

/** A key without versions. */
export function newKey(now: Date): KeyMetadata {
  const time = now.toISOString();
  return {
    id: randomBytes(16).toString("hex"),
    created: time,
    updated: time,
    currentVersion: 0,
    oldestVersion: 0,
    versions: {},
    maxVersions: 0,
    casRequired: false,
    deleteVersionAfter: 0,
    customMetadata: null,
    metadataVersion: 0,
    metadataCasRequired: false,
  };
}

/** Whether a version's data may be read. */
export function isReadable(version: Version, now: Date): boolean {
  return !version.destroyed && !isDeleted(version, now);
}

function isDeleted({ deletion }: Version, now: Date): boolean {
  return deletion !== "" && Date.parse(deletion) <= now.getTime();
}

/** When a version that lives from `now` on is to be deleted: the sooner of what mount and key say; empty for never. */
function deletionTime(now: Date, key: KeyMetadata, config: Kv2Config): string {
  if (config.delete_version_after < 0) return "";
  const ages = [config.delete_version_after, key.deleteVersionAfter].filter((age) => age > 0);
  return ages.length === 0 ? "" : new Date(now.getTime() + Math.min(...ages) * 1000).toISOString();
}

/** The key with one more version, and the numbers of those that fell off: more are never kept than key and mount allow. */
export function addVersion(key: KeyMetadata, config: Kv2Config, now: Date): { key: KeyMetadata; dropped: number[] } {
  const currentVersion = key.currentVersion + 1;
  const version: Version = {
    created: now.toISOString(),
    deletion: deletionTime(now, key, config),
    destroyed: false,
  };
  const kept = Math.max(key.maxVersions, config.max_versions) || DEFAULT_MAX_VERSIONS;
  const oldest = currentVersion - key.oldestVersion >= kept ? currentVersion - kept + 1 : key.oldestVersion;
  const all: Readonly<Record<string, Version>> = { ...key.versions, [currentVersion]: version };
  const isKept = (number: string): boolean => Number(number) >= oldest;
  const versions = Object.fromEntries(Object.entries(all).filter(([number]) => isKept(number)));
  const dropped = Object.keys(all)
    .filter((number) => !isKept(number))
    .map(Number);
  return {
    key: { ...key, updated: version.created, currentVersion, oldestVersion: oldest, versions },
    dropped,
  };
}

/** The key with each of `numbers` that it has, and that is not destroyed, as `change` makes it. */
function changeVersions(
  key: KeyMetadata,
  numbers: readonly number[],
  change: (version: Version) => Version,
): KeyMetadata {
  const versions = { ...key.versions };
  for (const number of numbers) {
    const version = versions[number];
    if (version !== undefined && !version.destroyed) versions[number] = change(version);
  }
  return { ...key, versions };
}

/** Marks versions as deleted; what was deleted before keeps its time. */
export function deleteVersions(key: KeyMetadata, numbers: readonly number[], now: Date): KeyMetadata {
  const deletion = now.toISOString();
  return changeVersions(key, numbers, (each) => (isDeleted(each, now) ? each : { ...each, deletion }));
}

/** Takes the mark away; an age at which versions are deleted counts anew from `now`. */
export function undeleteVersions(
  key: KeyMetadata,
  numbers: readonly number[],
  config: Kv2Config,
  now: Date,
): KeyMetadata {
  const deletion = deletionTime(now, key, config);
  return changeVersions(key, numbers, (each) => ({ ...each, deletion }));
}

/** Marks versions as destroyed: their data goes in the same batch. */
export function destroyVersions(key: KeyMetadata, numbers: readonly number[]): KeyMetadata {
  return changeVersions(key, numbers, (each) => ({ ...each, destroyed: true }));
}
