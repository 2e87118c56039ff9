// SPDX-License-Identifier: Apache-2.0
/** Key/value: which of its two versions answers goes by the mount's options. */
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import type { Engine, EnginePlace } from "./engine.ts";
import { kv1Exists, serveKv1 } from "./kv1.ts";
import { Kv2Engine } from "./kv2/engine.ts";
import { kvVersion } from "./mount.ts";

/** Key/value version 1 at one mount. */
export class KvEngine implements Engine {
  readonly #kv2 = new Kv2Engine();

  serve({ mount, barrier, prefix }: EnginePlace, path: string, request: ApiRequest): Promise<ApiResponse> {
    return kvVersion(mount) === 2
      ? this.#kv2.serve(barrier, prefix, path, request)
      : serveKv1(barrier, prefix, path, request);
  }

  /** An entry of version 1, or a key of version 2. */
  exists({ mount, barrier, prefix }: EnginePlace, path: string): Promise<boolean> {
    return kvVersion(mount) === 2 ? this.#kv2.exists(barrier, prefix, path) : kv1Exists(barrier, prefix, path);
  }
}
