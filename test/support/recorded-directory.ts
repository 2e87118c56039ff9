// SPDX-License-Identifier: Apache-2.0
/** Storage directories that OpenBao wrote under an auto seal: `test/fixtures/<type>-<service>`. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { type AutoSealPlugin, decodeBlob, type SealedBlob, type Stanza } from "@sealwright/seal";
import { openFileStorage } from "@sealwright/storage/file";
import { expect } from "vitest";

/** A sealed entry: its file, the blob in it, and in hexadecimal what it holds. */
export type SealedEntry = readonly [file: string, blob: SealedBlob, plaintext: string];

/** What is in the clear, or under the seal alone. */
const OUTSIDE_BARRIER = /core\/(_seal-config|_recovery-config|_recovery-key|_keyring|hsm\/_barrier-unseal-keys)$/;

/** One of the directories. */
export class RecordedDirectory {
  readonly #folder: string;

  /** `name` is the folder's in `test/fixtures`. */
  constructor(name: string) {
    this.#folder = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  }

  /** The content of `key.json`, the key that sealed it. */
  get key(): unknown {
    return this.#json("key.json");
  }

  /** The entries that the seal has wrapped. */
  get sealed(): readonly SealedEntry[] {
    const expected = this.#json("expected.json") as Record<string, { readonly plaintext_hex: string }>;
    return Object.entries(expected).map(([file, { plaintext_hex }]) => {
      const { Value } = this.#json(join("data", file)) as { readonly Value: string };
      return [file, decodeBlob(Buffer.from(Value, "base64")), plaintext_hex];
    });
  }

  /** A copy unseals with this seal, every entry decrypts, the value in it is there, and no file changes. */
  async expectToOpen(plugin: AutoSealPlugin, settings: Stanza): Promise<void> {
    const copy = mkdtempSync(join(tmpdir(), "sealwright-recorded-"));
    cpSync(join(this.#folder, "data"), copy, { recursive: true });
    const before = contentOf(copy);
    const storage = await openFileStorage({ path: copy });
    const store = await openStore({ storage, shares: shamir, seal: { plugin, settings } });
    try {
      await store.unseal();
      expect(await store.status()).toMatchObject({ foreign: true, sealed: false, type: plugin.type });
      const files = [...before.keys()].filter((file) => !OUTSIDE_BARRIER.test(file));
      const values = await Promise.all(files.map((file) => store.get(file.replace(/_([^/]+)$/, "$1"))));
      expect(values.length).toBeGreaterThan(20);
      expect(values).not.toContain(undefined);
      expect(values.some((value) => value?.includes("seal-fixture-ok"))).toBe(true);
      expect(contentOf(copy)).toEqual(before);
    } finally {
      await store.close();
      rmSync(copy, { recursive: true, force: true });
    }
  }

  #json(path: string): unknown {
    return JSON.parse(readFileSync(join(this.#folder, path), "utf8"));
  }
}

/** The files of OpenBao's below `folder`, and what is in them. */
function contentOf(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (each) => each.isFile() && !each.parentPath.includes(".sealwright"),
  );
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]));
}
