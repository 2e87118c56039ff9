// SPDX-License-Identifier: Apache-2.0
/** From a path to the engine that is mounted there. */
import type { SealedStore } from "@sealwright/core";
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { kv1Exists, serveKv1 } from "./kv1.ts";
import { Kv2Engine } from "./kv2/engine.ts";
import { dataPrefix, kvVersion, type Mount } from "./mount.ts";
import type { MountTable } from "./mount-table.ts";

const UPGRADING =
  "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will " +
  "resume service shortly.";

export class MountRouter {
  readonly #store: SealedStore;
  readonly #table: MountTable;
  readonly #kv2 = new Kv2Engine();

  constructor(store: SealedStore, table: MountTable) {
    this.#store = store;
    this.#table = table;
  }

  /** Hands a request to its mount's engine. Throws 404 where nothing is mounted. */
  serve(request: ApiRequest): Promise<ApiResponse> {
    return this.#table.use(request.path, async (mount) => {
      if (mount === undefined) {
        throw new HttpError(404, `no handler for route "${request.path}". route entry not found.`);
      }
      if (mount.upgrading) throw new HttpError(400, UPGRADING);
      const { barrier } = this.#store;
      const prefix = dataPrefix(mount.uuid);
      const path = request.path.slice(mount.path.length);
      return kvVersion(mount) === 2
        ? this.#kv2.serve(barrier, prefix, path, request)
        : serveKv1(barrier, prefix, path, request);
    });
  }

  /**
   * Whether what a write to `path` is about exists, so that writing updates it: an entry of version 1, a key of version
   * 2. True where nothing can be created, and where nothing is mounted. Rejects with a 400 for a path that cannot be.
   */
  exists(path: string): Promise<boolean> {
    return this.#table.use(path, async (mount) => mount === undefined || mount.upgrading || this.#has(mount, path));
  }

  #has(mount: Mount, path: string): Promise<boolean> {
    const { barrier } = this.#store;
    const prefix = dataPrefix(mount.uuid);
    const rest = path.slice(mount.path.length);
    return kvVersion(mount) === 2 ? this.#kv2.exists(barrier, prefix, rest) : kv1Exists(barrier, prefix, rest);
  }
}
