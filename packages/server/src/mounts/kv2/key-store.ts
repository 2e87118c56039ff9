// SPDX-License-Identifier: Apache-2.0
/**
 * The entries of one version 2 mount: `metadata/<path>` for what is known of a key, `versions/<id>/<number>` for the
 * data of its versions as JSON text, and `config`. Whatever a request changes is one batch.
 */
import { type Barrier, CoreError, type PlainChange } from "@sealwright/core";
import { encodeEntryPath, listEntries } from "../entry-path.ts";
import {
  DEFAULT_CONFIG,
  type KeyMetadata,
  type Kv2Config,
  keyMetadataSchema,
  kv2ConfigSchema,
} from "./key-metadata.ts";

/** Where the data of a key's version stands. */
export function versionPath(prefix: string, id: string, version: number): string {
  return `${prefix}versions/${id}/${version}`;
}

/** Where keys' metadata stands. */
export function metadataPrefix(prefix: string): string {
  return `${prefix}metadata/`;
}

function configPath(prefix: string): string {
  return `${prefix}config`;
}

/** The batch's entry for a key's metadata, at its storage path. */
export function metadataEntry(path: string, key: KeyMetadata): PlainChange {
  return { op: "put", path, value: Buffer.from(JSON.stringify(key)) };
}

/** Keys, their metadata and versions in the storage. */
export class KeyStore {
  readonly #barrier: Barrier;
  readonly #prefix: string;
  #config: Kv2Config | undefined;

  /** `prefix` is where the mount's data begins. */
  constructor(barrier: Barrier, prefix: string) {
    this.#barrier = barrier;
    this.#prefix = prefix;
  }

  async config(): Promise<Kv2Config> {
    if (this.#config !== undefined) return this.#config;
    const bytes = await this.#barrier.get(configPath(this.#prefix));
    const config = bytes === undefined ? DEFAULT_CONFIG : kv2ConfigSchema.parse(JSON.parse(bytes.toString()));
    this.#config ??= config;
    return this.#config;
  }

  async putConfig(config: Kv2Config): Promise<void> {
    await this.#barrier.put(configPath(this.#prefix), Buffer.from(JSON.stringify(config)));
    this.#config = config;
  }

  async key(path: string): Promise<KeyMetadata | undefined> {
    const bytes = await this.#barrier.get(this.#metadataPath(path));
    return bytes === undefined ? undefined : keyMetadataSchema.parse(JSON.parse(bytes.toString()));
  }

  /** The names below the user's folder `path`, which is empty or ends in `/`. */
  list(path: string): Promise<string[]> {
    return listEntries(this.#barrier, metadataPrefix(this.#prefix) + encodeEntryPath(path));
  }

  /** The JSON text of a version, or undefined where it is gone. */
  async data(key: KeyMetadata, version: number): Promise<string | undefined> {
    return (await this.#barrier.get(versionPath(this.#prefix, key.id, version)))?.toString();
  }

  /** Writes a key's metadata, and with it the data of its current version, without that of the versions in `without`. */
  async put(path: string, key: KeyMetadata, data: string | undefined, without: readonly number[]): Promise<void> {
    const { id, currentVersion } = key;
    await this.#barrier.write([
      metadataEntry(this.#metadataPath(path), key),
      ...(data === undefined ? [] : [this.#dataEntry(id, currentVersion, data)]),
      ...this.#removals(id, without),
    ]);
  }

  /** Removes a key and all of its versions. */
  async remove(path: string, key: KeyMetadata): Promise<void> {
    await this.#barrier.write([
      { op: "delete", path: this.#metadataPath(path) },
      ...this.#removals(key.id, Object.keys(key.versions).map(Number)),
    ]);
  }

  /** What a missing version of readable metadata means: the storage has lost an entry. */
  lost(path: string, version: number): CoreError {
    return new CoreError("ENTRY_CORRUPT", `the data of version ${version} of a key is missing: ${path}`);
  }

  #metadataPath(path: string): string {
    return metadataPrefix(this.#prefix) + encodeEntryPath(path);
  }

  #dataEntry(id: string, version: number, data: string): PlainChange {
    return { op: "put", path: versionPath(this.#prefix, id, version), value: Buffer.from(data) };
  }

  #removals(id: string, versions: readonly number[]): PlainChange[] {
    return versions.map((version) => ({ op: "delete", path: versionPath(this.#prefix, id, version) }));
  }
}
