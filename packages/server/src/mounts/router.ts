// SPDX-License-Identifier: Apache-2.0
/** From a path to the engine that is mounted there. */
import type { SealedStore } from "@sealwright/core";
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import type { EnginePlace } from "./engine.ts";
import { createEngines } from "./engines.ts";
import { dataPrefix, type Mount } from "./mount.ts";
import type { MountTable } from "./mount-table.ts";

const UPGRADING =
  "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will " +
  "resume service shortly.";

/** Hands each request to the engine of its mount. */
export class MountRouter {
  readonly #store: SealedStore;
  readonly #table: MountTable;
  readonly #engines = createEngines();

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
      return this.#engines[mount.type].serve(this.#place(mount), below(mount, request.path), request);
    });
  }

  /**
   * Whether what a write to `path` is about exists, so that writing updates it. True where nothing can be created, and
   * where nothing is mounted. Rejects with a 400 for a path that cannot be.
   */
  exists(path: string): Promise<boolean> {
    return this.#table.use(path, async (mount) => {
      if (mount === undefined || mount.upgrading) return true;
      return this.#engines[mount.type].exists(this.#place(mount), below(mount, path));
    });
  }

  #place(mount: Mount): EnginePlace {
    return { mount, barrier: this.#store.barrier, prefix: dataPrefix(mount.uuid) };
  }
}

function below(mount: Mount, path: string): string {
  return path.slice(mount.path.length);
}
