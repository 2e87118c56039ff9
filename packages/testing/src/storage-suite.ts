// SPDX-License-Identifier: Apache-2.0
import type { Storage } from "@sealwright/core";
import type { TestRunner } from "./runner.ts";
import type { StorageHarness, StorageHome } from "./storage-harness.ts";

/** Registers one test that is given a new home, which is removed afterwards. */
export function testWithHome(
  harness: StorageHarness,
  { it }: TestRunner,
  title: string,
  body: (home: StorageHome) => Promise<void>,
): void {
  it(title, async () => {
    const home = await harness.newHome();
    try {
      await body(home);
    } finally {
      await home.remove();
    }
  });
}

/** Opens a home for as long as `body` runs. */
export async function opened<T>(home: StorageHome, body: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = await home.open();
  try {
    return await body(storage);
  } finally {
    await storage.close();
  }
}

/** Registers a test that is given a storage in a new home. */
export type TestWithStorage = (title: string, body: (storage: Storage) => Promise<void>) => void;

/** Tests that each get an open storage of `harness`. */
export function testsWithStorage(harness: StorageHarness, runner: TestRunner): TestWithStorage {
  return (title, body) => testWithHome(harness, runner, title, (home) => opened(home, body));
}

/** The entry at `path` as text. */
export async function textOf(storage: Storage, path: string): Promise<string | undefined> {
  const value = await storage.get(path);
  return value && Buffer.from(value).toString();
}

/** The paths of all entries below a prefix, in the order of their folders' lists. */
export async function allPaths(storage: Storage, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for (const name of await storage.list(prefix)) {
    if (name.endsWith("/")) found.push(...(await allPaths(storage, prefix + name)));
    else found.push(prefix + name);
  }
  return found;
}
