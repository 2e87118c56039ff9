// SPDX-License-Identifier: Apache-2.0
/** Storage directories that OpenBao 2.6.2 wrote, read through the file storage. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBarrier, openStore, paths, rotateKeyring, type SealedStore, unwrappedKeyring } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticPlugin } from "@sealwright/plugin-static";
import { openFileStorage } from "@sealwright/storage/file";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixtureEntries } from "../../../test/support/fixture-entries.ts";

type Name = "shamir" | "static";

interface Recorded {
  readonly initial: { readonly keys_hex: readonly string[] };
  readonly current: { readonly shares: number; readonly threshold: number; readonly keys_hex: readonly string[] };
}

const fixtures = fileURLToPath(new URL("../../../test/fixtures", import.meta.url));
const recorded = (name: Name): Recorded => JSON.parse(readFileSync(join(fixtures, name, "fixture.json"), "utf8"));
const shareBytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const INSTALL_TIME = "2026-12-01T00:00:00.000Z";

let folder = "";
let stores: SealedStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-fixture-"));
});

afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
  rmSync(folder, { recursive: true, force: true });
});

/** Copies the fixture's data, unless it was copied already, and answers where it stands. */
function dataOf(name: Name): string {
  const data = join(folder, "data");
  cpSync(join(fixtures, name, "data"), data, { recursive: true, force: false });
  return data;
}

/** Opens a store, sealed, on the copy of the fixture's data. */
async function openFixture(name: Name) {
  const storage = await openFileStorage({ path: dataOf(name) });
  const seal = {
    plugin: staticPlugin,
    settings: { current_key_id: "key-69cf", current_key: `file://${join(fixtures, "static", "static.key")}` },
  };
  const store = await openStore({ storage, shares: shamir, ...(name === "static" ? { seal } : {}) });
  stores.push(store);
  return { store, storage };
}

async function unseal(name: Name, store: SealedStore): Promise<void> {
  if (name === "static") return store.unseal();
  const { keys_hex: keys, threshold } = recorded(name).current;
  for (const key of keys.slice(-threshold)) await store.submitShare(shareBytes(key));
}

/** Every file that OpenBao would see, with its content. */
function filesBelow(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const contents = files.map((each) => [
    join(each.parentPath, each.name),
    readFileSync(join(each.parentPath, each.name), "utf8"),
  ]);
  return Object.fromEntries(contents.filter(([file]) => !file!.startsWith(join(path, ".sealwright/"))));
}

async function expectAllEntries(name: Name, store: Pick<SealedStore, "get">, except: readonly string[]): Promise<void> {
  const entries = fixtureEntries(name).filter(({ path }) => path !== paths.KEYRING && !except.includes(path));
  expect(entries.length).toBeGreaterThan(30);
  for (const { path, plaintext_hex: plaintext } of entries) {
    expect([path, (await store.get(path))?.toString("hex")]).toEqual([path, plaintext]);
  }
}

describe.each<Name>(["shamir", "static"])("a directory of OpenBao under a %s seal", (name) => {
  it("opens with what stands beside it, every entry decrypts, and no file changes", async () => {
    const data = dataOf(name);
    const before = filesBelow(data);
    const { store } = await openFixture(name);
    await unseal(name, store);
    const { shares, threshold } = recorded(name).current;
    expect(await store.status()).toMatchObject({
      foreign: true,
      sealed: false,
      type: name,
      storageType: "file",
      numbers: { shares, threshold },
      cluster: { name: expect.stringMatching(/^vault-cluster-/) },
    });
    expect(store.barrier.keyStatus.term).toBe(3);
    await expectAllEntries(name, store, []);
    await store.close();
    expect(filesBelow(data)).toEqual(before);
  });

  it("still has every entry after a rotation, for this process and the next, at the same paths", async () => {
    const data = dataOf(name);
    const before = Object.keys(filesBelow(data));
    const { store, storage } = await openFixture(name);
    await unseal(name, store);
    const barrier = await openBarrier(storage, store.barrier.keyring.rootKey);
    await rotateKeyring({ barrier, wrapKeyring: unwrappedKeyring }, INSTALL_TIME);
    await expectAllEntries(name, barrier, [paths.ROOT_KEY]);
    await store.close();
    const { store: next } = await openFixture(name);
    await unseal(name, next);
    expect(next.barrier.keyStatus).toEqual({ term: 4, installTime: INSTALL_TIME, encryptions: 1n });
    await expectAllEntries(name, next, [paths.ROOT_KEY]);
    const rootKey = fixtureEntries(name).find(({ path }) => path === paths.ROOT_KEY)!;
    expect((await next.get(paths.ROOT_KEY))!.toString("hex")).toBe(rootKey.plaintext_hex);
    await next.close();
    expect(Object.keys(filesBelow(data))).toEqual(before);
  });

  it("is not written to, however it is asked", async () => {
    const { store } = await openFixture(name);
    await unseal(name, store);
    await rejectsWithCode(store.put("logical/new", Buffer.from("x")), "FOREIGN_STORAGE");
    await rejectsWithCode(store.rotate(), "FOREIGN_STORAGE");
    await rejectsWithCode(store.initialize({}), "ALREADY_INITIALIZED");
  });

  it("does not open with the shares from before its rekey", async () => {
    const { store } = await openFixture(name);
    const { keys_hex: keys } = recorded(name).initial;
    await store.submitShare(shareBytes(keys[0]!));
    await rejectsWithCode(store.submitShare(shareBytes(keys[1]!)), "WRONG_SHARES");
    expect(store.sealed).toBe(true);
  });

  it("opens with its current shares, which for an auto seal are those of the recovery key", async () => {
    const { store } = await openFixture(name);
    const { keys_hex: keys } = recorded(name).current;
    await store.submitShare(shareBytes(keys[0]!));
    await store.submitShare(shareBytes(keys[3]!));
    expect(store.sealed).toBe(false);
  });
});
