// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import type { Fallback } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { serveKv1 } from "./kv1.ts";
import { dataPrefix, type MountTable } from "./mount-table.ts";

/** Hands a request to the engine that is mounted at its path. */
export function mountRouter(store: SealedStore, mounts: MountTable): Fallback {
  return async (request) => {
    const mount = await mounts.find(request.path);
    if (mount === undefined) {
      throw new HttpError(404, `no handler for route "${request.path}". route entry not found.`);
    }
    return serveKv1(store.barrier, dataPrefix(mount), request.path.slice(mount.path.length), request);
  };
}
