// SPDX-License-Identifier: Apache-2.0
/** What a mount serves, as it stands in the OpenAPI document. */
import { z } from "zod";
import type { Method, OperationDescription } from "../http/api.ts";
import { AREAS, CONFIG } from "./kv2/engine.ts";
import { kvVersion, type Mount } from "./mount.ts";

/** A path and what its methods do; `*` stands for one segment or more. */
export interface ServedPath {
  readonly path: string;
  readonly operations: Readonly<Partial<Record<Method, OperationDescription>>>;
}

/** A secret of version 1 is any object. */
const entry = z.looseObject({});
const writeEntry = { summary: "Write a secret", body: entry };

const VERSION_1: ServedPath["operations"] = {
  GET: { summary: "Read a secret" },
  PUT: writeEntry,
  POST: writeEntry,
  DELETE: { summary: "Remove a secret" },
  LIST: { summary: "List the secrets and folders in a folder" },
};

/** The paths of `mount`, below `/v1/`. */
export function servedPaths(mount: Mount): ServedPath[] {
  if (kvVersion(mount) === 1) return [{ path: `${mount.path}*`, operations: VERSION_1 }];
  const areas = [...AREAS].map(([area, operations]) => ({ path: `${mount.path}${area}/*`, operations }));
  return [...areas, { path: `${mount.path}config`, operations: CONFIG }];
}
