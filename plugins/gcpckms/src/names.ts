// SPDX-License-Identifier: Apache-2.0
/** Resource names of Cloud KMS (cloud.google.com/kms/docs/resource-hierarchy). */

const VERSION_NAME =
  /^projects\/(?<project>[^/]+)\/locations\/(?<region>[^/]+)\/keyRings\/(?<ring>[^/]+)\/cryptoKeys\/(?<key>[\w-]{1,63})\/cryptoKeyVersions\/[1-9]\d*$/;

/** A key ring, as the settings name it. */
export interface KeyRing {
  readonly project: string;
  readonly region: string;
  readonly ring: string;
}

/** The name of a key in `keyRing`: `projects/…/cryptoKeys/…`. */
export function keyName({ project, region, ring }: KeyRing, key: string): string {
  return `projects/${project}/locations/${region}/keyRings/${ring}/cryptoKeys/${key}`;
}

/** Whether `id` is the name of a version of some key. */
export function isVersionName(id: string): boolean {
  return VERSION_NAME.test(id);
}

// A project has an id and a number, and stands under either in names: only two of one sort can be told apart.
function mayBeOneProject(one: string, other: string): boolean {
  return one === other || /^\d+$/.test(one) !== /^\d+$/.test(other);
}

/** The key, without what it is in, of the version that `id` names; undefined where it is in another key ring. */
export function keyInRing({ project, region, ring }: KeyRing, id: string): string | undefined {
  const named = VERSION_NAME.exec(id)?.groups;
  if (named?.region !== region || named.ring !== ring || !mayBeOneProject(project, named.project ?? ""))
    return undefined;
  return named.key;
}
