// SPDX-License-Identifier: Apache-2.0
/** What a mount serves, as it stands in the OpenAPI document. */
import * as z from "zod";
import type { Method, OperationDescription } from "../http/api.ts";
import { AREAS, CONFIG } from "./kv2/engine.ts";
import { kvVersion, type Mount, type MountType } from "./mount.ts";
import { PATHS } from "./transit/engine.ts";

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

function keyValue(mount: Mount): ServedPath[] {
  if (kvVersion(mount) === 1) return [{ path: "*", operations: VERSION_1 }];
  const areas = [...AREAS].map(([area, operations]) => ({ path: `${area}/*`, operations }));
  return [...areas, { path: "config", operations: CONFIG }];
}

function transit(): ServedPath[] {
  const keys = { path: "keys", operations: { LIST: { summary: "List the keys" } } };
  return [keys, ...[...PATHS].map(([path, operations]) => ({ path, operations }))];
}

const BY_TYPE: Readonly<Record<MountType, (mount: Mount) => ServedPath[]>> = { kv: keyValue, transit };

/** The paths of `mount`, below `/v1/`. */
export function servedPaths(mount: Mount): ServedPath[] {
  return BY_TYPE[mount.type](mount).map((each) => ({ ...each, path: mount.path + each.path }));
}
