// SPDX-License-Identifier: Apache-2.0
import type { Change, Storage } from "@sealwright/core";

const FOLDERS = 5;

function number(value: Uint8Array | undefined): number {
  return value ? Number(Buffer.from(value).toString()) : 0;
}

/** The batch that takes a storage from the state `n - 1` to the state `n`: folders come and go, values grow and shrink. */
export function batchOf(n: number): Change[] {
  const value = Buffer.from(`${n}`);
  return [
    { op: "put", path: "n", value },
    { op: "put", path: `moving/${n % FOLDERS}/a/b`, value },
    { op: "delete", path: `moving/${(n - 1) % FOLDERS}/a/b` },
    { op: "put", path: "n/filler", value: Buffer.alloc((n * 7919) % 20_000, value) },
    { op: "put", path: "end", value },
  ];
}

/** The number of the last batch in a storage, 0 in an empty one. */
export async function countedIn(storage: Storage): Promise<number> {
  return number(await storage.get("n"));
}

/** Everything that the state `n` consists of, in the form of `contents`. */
export function stateOf(n: number): Record<string, string> {
  if (n === 0) return {};
  const puts = batchOf(n).filter((change) => change.op === "put");
  return Object.fromEntries(puts.map(({ path, value }) => [path, Buffer.from(value).toString()]));
}
