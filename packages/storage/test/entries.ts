// SPDX-License-Identifier: Apache-2.0
import { randomInt } from "node:crypto";
import type { Change, Storage } from "@sealwright/core";

export function put(path: string, value: string): Change {
  return { op: "put", path, value: Buffer.from(value) };
}

export function remove(path: string): Change {
  return { op: "delete", path };
}

/** Every entry of a storage, as text. */
export async function contents(storage: Storage, prefix = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await storage.list(prefix)) {
    const path = prefix + name;
    if (name.endsWith("/")) Object.assign(found, await contents(storage, path));
    else found[path] = Buffer.from((await storage.get(path)) ?? "").toString();
  }
  return found;
}

/** Numbers below a bound from a seed that is printed; `SEALWRIGHT_TEST_SEED` repeats a run. */
export function chance(what: string): (bound: number) => number {
  const seed = Number(process.env.SEALWRIGHT_TEST_SEED ?? randomInt(2 ** 31));
  console.log(`${what}: SEALWRIGHT_TEST_SEED=${seed}`);
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
