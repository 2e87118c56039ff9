// SPDX-License-Identifier: Apache-2.0
/** Key/value version 2: versioned secrets. From a request's path to the area that answers it. */
import type { Barrier } from "@sealwright/core";
import type { ApiRequest, ApiResponse, Method } from "../../http/api.ts";
import { routerError } from "../../http/problem.ts";
import { dataResponse } from "../../http/respond.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import { readConfig, writeConfig } from "./config.ts";
import { isKeyPath, type Kv2Handler } from "./context.ts";
import { deleteData, patchData, readData, writeData } from "./data.ts";
import { KeyStore } from "./key-store.ts";
import { deleteMetadata, listMetadata, patchMetadata, readMetadata, writeMetadata } from "./metadata.ts";
import { readSubkeys } from "./subkeys.ts";
import { deleteChosen, destroyChosen, undeleteChosen } from "./versions.ts";

type Handlers = Readonly<Partial<Record<Method, Kv2Handler>>>;

const onWrite = (handler: Kv2Handler): Handlers => ({ PUT: handler, POST: handler });

const AREAS: ReadonlyMap<string, Handlers> = new Map([
  ["data", { GET: readData, ...onWrite(writeData), PATCH: patchData, DELETE: deleteData }],
  ["delete", onWrite(deleteChosen)],
  ["undelete", onWrite(undeleteChosen)],
  ["destroy", onWrite(destroyChosen)],
  ["subkeys", { GET: readSubkeys }],
  [
    "metadata",
    {
      GET: readMetadata,
      ...onWrite(writeMetadata),
      PATCH: patchMetadata,
      DELETE: deleteMetadata,
      LIST: listMetadata,
    },
  ],
]);
const CONFIG: Handlers = { GET: readConfig, ...onWrite(writeConfig) };

const SUBCOMMANDS: Readonly<Record<Method, string>> = {
  GET: "get",
  LIST: "list",
  PUT: "put",
  POST: "put",
  PATCH: "patch",
  DELETE: "delete",
};

/** 404 with a warning for people who use the paths of version 1, in words that Vault's users know. */
function invalidPath(path: string, method: Method): ApiResponse {
  const warning = AREAS.has(path)
    ? "Non-listing operations on the root of a K/V v2 mount are not supported."
    : "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. " +
      `If using the OpenBao CLI, use 'bao kv ${SUBCOMMANDS[method]}' for this operation.`;
  return dataResponse(null, { status: 404, warnings: [warning] });
}

/** The handlers of the area that `path` is in, and what follows the area. */
function areaOf(path: string): { handlers: Handlers; rest: string } | undefined {
  if (path === "config") return { handlers: CONFIG, rest: "" };
  const slash = path.indexOf("/");
  const handlers = slash === -1 ? undefined : AREAS.get(path.slice(0, slash));
  return handlers === undefined ? undefined : { handlers, rest: path.slice(slash + 1) };
}

export class Kv2Engine {
  readonly #mutex = new KeyedMutex();
  // By barrier, so that what is remembered of a mount is gone when the store is sealed.
  #stores: { readonly barrier: Barrier; readonly byPrefix: Map<string, KeyStore> } | undefined;

  /** Answers a request for `path`, below the mount whose data begins at `prefix`. */
  async serve(barrier: Barrier, prefix: string, path: string, request: ApiRequest): Promise<ApiResponse> {
    const area = areaOf(request.method === "LIST" && !path.endsWith("/") ? `${path}/` : path);
    if (area === undefined) return invalidPath(path, request.method);
    const handler = area.handlers[request.method];
    if (handler === undefined) throw routerError(405, "unsupported operation");
    return handler({
      keys: this.#keys(barrier, prefix),
      path: area.rest,
      request,
      now: () => new Date(),
      alone: (work) => this.#mutex.run(prefix + area.rest, work),
    });
  }

  /** Whether the key behind `path` exists; true for areas that are changed rather than created. */
  async exists(barrier: Barrier, prefix: string, path: string): Promise<boolean> {
    const [area = "", ...segments] = path.split("/");
    if (area !== "data" && area !== "metadata") return true;
    const key = segments.join("/");
    return isKeyPath(key) && (await this.#keys(barrier, prefix).key(key)) !== undefined;
  }

  #keys(barrier: Barrier, prefix: string): KeyStore {
    if (this.#stores?.barrier !== barrier) this.#stores = { barrier, byPrefix: new Map() };
    const { byPrefix } = this.#stores;
    const known = byPrefix.get(prefix) ?? new KeyStore(barrier, prefix);
    byPrefix.set(prefix, known);
    return known;
  }
}
