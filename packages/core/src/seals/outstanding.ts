// SPDX-License-Identifier: Apache-2.0
/**
 * What a seal is still to wrap because it did not answer when the others did. One plain entry per seal and path, so that
 * each batch settles its own and none has to read the others; it names no key.
 */
import * as z from "zod";
import { OUTSTANDING } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import type { SealMember, SealRecord } from "./seal-record.ts";

/** Something that a seal is still to wrap. */
export interface Outstanding {
  /** The seal's name. */
  readonly seal: string;
  /** The entry that is to be written or to get a slot of this seal. */
  readonly path: string;
  /** Of the root key at that time. */
  readonly generation: number;
}

const schema = z.object({ seal: z.string(), path: z.string(), generation: z.int().min(0) });

function pathOf({ seal, path }: Pick<Outstanding, "seal" | "path">): string {
  return `${OUTSTANDING}${seal}/${path}`;
}

/** The change that notes it. */
export function noteOutstanding(outstanding: Outstanding): Change {
  return { op: "put", path: pathOf(outstanding), value: Buffer.from(JSON.stringify(outstanding)) };
}

/** The change that takes the note away, if there is one. */
export function settleOutstanding(seal: string, path: string): Change {
  return { op: "delete", path: pathOf({ seal, path }) };
}

/**
 * The notes for a batch that writes `path` as the seals called `answered` wrapped it: one less for each of those, one more
 * for each other of `expected`. None where the storage keeps no record of its seals.
 */
export function settledOrNoted(
  { generation }: SealRecord,
  expected: readonly SealMember[],
  answered: readonly string[],
  path: string,
): Change[] {
  if (generation === 0) return [];
  return expected.map(({ name }) =>
    answered.includes(name) ? settleOutstanding(name, path) : noteOutstanding({ seal: name, path, generation }),
  );
}

async function pathsBelow(storage: Storage, prefix: string): Promise<string[]> {
  const names = await storage.list(prefix);
  const below = names.map((name) => (name.endsWith("/") ? pathsBelow(storage, prefix + name) : [prefix + name]));
  return (await Promise.all(below)).flat();
}

function parse(path: string, bytes: Uint8Array): Outstanding {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    // What cannot be read is done again: the path says what.
    const [seal = "", ...rest] = path.slice(OUTSTANDING.length).split("/");
    return { seal, path: rest.join("/"), generation: 0 };
  }
}

/** All that is outstanding, by seal and path. */
export async function listOutstanding(storage: Storage): Promise<Outstanding[]> {
  const paths = await pathsBelow(storage, OUTSTANDING);
  const read = paths.map(async (path) => {
    const bytes = await storage.get(path);
    return bytes === undefined ? [] : [parse(path, bytes)];
  });
  return (await Promise.all(read)).flat();
}

/** The changes that forget everything about a seal. */
export async function forgetOutstanding(storage: Storage, seal: string): Promise<Change[]> {
  const paths = await pathsBelow(storage, `${OUTSTANDING}${seal}/`);
  return paths.map((path) => ({ op: "delete", path }));
}
