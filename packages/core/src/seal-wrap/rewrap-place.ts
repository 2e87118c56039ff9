// SPDX-License-Identifier: Apache-2.0
/** Where a rewrap is, in storage: what is there is still to be done, whatever becomes of the process. */
import * as z from "zod";
import { REWRAP } from "../paths.ts";
import type { Change, Storage } from "../storage.ts";
import { LAYERED_PATHS } from "./entry-layer.ts";

/** Plain JSON: it holds no secret, and noting it must not count as an encryption. */
export interface RewrapPlace {
  /** Paths of entries that are still to be rewritten. */
  readonly left: readonly string[];
  /** How many were. */
  readonly succeeded: number;
}

const schema = z.object({ left: z.array(z.string()), succeeded: z.int().min(0) });

/** The place of a rewrap that has everything before it. */
export const FROM_THE_START: RewrapPlace = { left: LAYERED_PATHS, succeeded: 0 };

/** The place in `storage`, if a rewrap was begun and not finished. One that cannot be read begins anew. */
export async function readPlace(storage: Storage): Promise<RewrapPlace | undefined> {
  const entry = await storage.get(REWRAP);
  if (entry === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(entry).toString("utf8")));
  } catch {
    return FROM_THE_START;
  }
}

/** The change that notes `place`, or takes the note away where nothing is left. */
export function placeChange(place: RewrapPlace): Change {
  if (place.left.length === 0) return { op: "delete", path: REWRAP };
  return { op: "put", path: REWRAP, value: Buffer.from(JSON.stringify(place)) };
}

/** `place` after the entry at `path` was rewritten. */
export function after({ left, succeeded }: RewrapPlace, path: string): RewrapPlace {
  return { left: left.filter((each) => each !== path), succeeded: succeeded + 1 };
}
