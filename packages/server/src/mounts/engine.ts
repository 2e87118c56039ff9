// SPDX-License-Identifier: Apache-2.0
import type { Barrier } from "@sealwright/core";
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import type { Mount } from "./mount.ts";

/** Where an engine works: one of the mounts that it serves, and that mount's data. */
export interface EnginePlace {
  readonly mount: Mount;
  readonly barrier: Barrier;
  /** Where the mount's data begins, with a trailing `/`. */
  readonly prefix: string;
}

/** What answers below the mounts of one type. One engine serves all of them and keeps nothing past a seal. */
export interface Engine {
  /** Answers a request for `path`, below the mount. Throws an `HttpError` to refuse. */
  serve(place: EnginePlace, path: string, request: ApiRequest): Promise<ApiResponse>;
  /**
   * Whether what a write to `path` is about exists, so that writing updates it; true where nothing can be created.
   * Rejects with a 400 for a path that cannot be.
   */
  exists(place: EnginePlace, path: string): Promise<boolean>;
}
