// SPDX-License-Identifier: Apache-2.0
/** Versions of keys. */
import { restore, scheduleDestruction, setState, type VersionState } from "./key-store.ts";
import { type VersionMessage, versionMessage } from "./messages.ts";
import type { Method } from "./method.ts";
import { cryptoKeyOf } from "./names.ts";
import { type Page, type PageRequest, page } from "./page.ts";
import { invalidArgument } from "./status.ts";

interface Named {
  readonly name: string;
}

interface Child {
  readonly parent: string;
}

interface UpdateVersionRequest {
  readonly cryptoKeyVersion: { readonly name: string; readonly state: VersionState } | null;
  readonly updateMask: { readonly paths: readonly string[] } | null;
}

const byKeyOfName = ({ name }: Named): string => cryptoKeyOf(name);
const byParent = ({ parent }: Child): string => parent;

/** `CreateCryptoKeyVersion`: never makes the new version primary. */
export const createCryptoKeyVersion: Method<Child, VersionMessage> = {
  permission: "cloudkms.cryptoKeyVersions.create",
  resource: byParent,
  run: (store, { parent }) => versionMessage(store.addVersion(store.cryptoKey(parent))),
};

/** `GetCryptoKeyVersion`. */
export const getCryptoKeyVersion: Method<Named, VersionMessage> = {
  permission: "cloudkms.cryptoKeyVersions.get",
  resource: byKeyOfName,
  run: (store, { name }) => versionMessage(store.version(name)),
};

/** `ListCryptoKeyVersions`, without filters. */
export const listCryptoKeyVersions: Method<Child & PageRequest, Page & { cryptoKeyVersions: VersionMessage[] }> = {
  permission: "cloudkms.cryptoKeyVersions.list",
  resource: byParent,
  run(store, request) {
    const { items, ...rest } = page(store.cryptoKey(request.parent).versions, request);
    return { ...rest, cryptoKeyVersions: items.map(versionMessage) };
  },
};

/** `UpdateCryptoKeyVersion`: enables or disables. */
export const updateCryptoKeyVersion: Method<UpdateVersionRequest, VersionMessage> = {
  permission: "cloudkms.cryptoKeyVersions.update",
  resource: ({ cryptoKeyVersion }) => cryptoKeyOf(cryptoKeyVersion?.name ?? ""),
  run(store, { cryptoKeyVersion, updateMask }) {
    const version = store.version(cryptoKeyVersion?.name ?? "");
    const paths = updateMask?.paths ?? [];
    if (paths.length !== 1 || paths[0] !== "state") {
      throw invalidArgument(`update_mask is [${paths.join(", ")}], and only state is updated here.`);
    }
    const state = cryptoKeyVersion?.state;
    if (state !== "ENABLED" && state !== "DISABLED") {
      throw invalidArgument(`state can be set to ENABLED or DISABLED, not to ${state}.`);
    }
    setState(version, state);
    return versionMessage(version);
  },
};

/** `DestroyCryptoKeyVersion`: schedules the destruction. */
export const destroyCryptoKeyVersion: Method<Named, VersionMessage> = {
  permission: "cloudkms.cryptoKeyVersions.destroy",
  resource: byKeyOfName,
  run(store, { name }) {
    const version = store.version(name);
    scheduleDestruction(store.cryptoKey(cryptoKeyOf(name)), version);
    return versionMessage(version);
  },
};

/** `RestoreCryptoKeyVersion`. */
export const restoreCryptoKeyVersion: Method<Named, VersionMessage> = {
  permission: "cloudkms.cryptoKeyVersions.restore",
  resource: byKeyOfName,
  run(store, { name }) {
    const version = store.version(name);
    restore(version);
    return versionMessage(version);
  },
};
