// SPDX-License-Identifier: Apache-2.0
/**
 * The entries of one transit mount: `keys/<name>` for what is known of a key, `material/<id>/<version>` for the 32 bytes
 * of each of its versions. Whatever a request changes is one batch. No method gives the bytes to anybody but a cipher.
 */
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { type Barrier, CoreError, type PlainChange } from "@sealwright/core";
import { KEY_BYTES } from "@sealwright/seal";
import { encodeEntryPath, listEntries } from "../entry-path.ts";
import { latestVersion, type NamedKey, namedKeySchema } from "./named-key.ts";

/** Named keys in the storage. */
export class TransitKeyStore {
  readonly #barrier: Barrier;
  readonly #prefix: string;

  /** `prefix` is where the mount's data begins. */
  constructor(barrier: Barrier, prefix: string) {
    this.#barrier = barrier;
    this.#prefix = prefix;
  }

  /** The names of all keys, ascending. */
  names(): Promise<string[]> {
    return listEntries(this.#barrier, `${this.#prefix}keys/`);
  }

  async get(name: string): Promise<NamedKey | undefined> {
    const bytes = await this.#barrier.get(this.#keyPath(name));
    return bytes === undefined ? undefined : namedKeySchema.parse(JSON.parse(bytes.toString()));
  }

  /** Writes what is known of a key; its versions stay as they are. */
  async put(name: string, key: NamedKey): Promise<void> {
    await this.#barrier.write([this.#keyEntry(name, key)]);
  }

  /** Writes a key whose latest version is new, with fresh random material for it. */
  async putWithNewVersion(name: string, key: NamedKey): Promise<void> {
    const value = randomBytes(KEY_BYTES);
    try {
      const path = this.#materialPath(key, latestVersion(key));
      await this.#barrier.write([this.#keyEntry(name, key), { op: "put", path, value }]);
    } finally {
      value.fill(0);
    }
  }

  /** Removes a key and all of its material: what it encrypted is lost. */
  async remove(name: string, key: NamedKey): Promise<void> {
    const removals = key.created.map((_, index): PlainChange => {
      return { op: "delete", path: this.#materialPath(key, index + 1) };
    });
    await this.#barrier.write([{ op: "delete", path: this.#keyPath(name) }, ...removals]);
  }

  /** The key of one version, which the caller has found to exist. */
  async material(name: string, key: NamedKey, version: number): Promise<KeyObject> {
    const bytes = await this.#barrier.get(this.#materialPath(key, version));
    if (bytes === undefined) {
      throw new CoreError("ENTRY_CORRUPT", `version ${version} of the transit key ${name} is missing from the storage`);
    }
    const secret = createSecretKey(bytes);
    bytes.fill(0);
    return secret;
  }

  #keyEntry(name: string, key: NamedKey): PlainChange {
    return { op: "put", path: this.#keyPath(name), value: Buffer.from(JSON.stringify(key)) };
  }

  #keyPath(name: string): string {
    return `${this.#prefix}keys/${encodeEntryPath(name)}`;
  }

  #materialPath({ id }: NamedKey, version: number): string {
    return `${this.#prefix}material/${id}/${version}`;
  }
}
