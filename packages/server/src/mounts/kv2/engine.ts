// SPDX-License-Identifier: Apache-2.0
/** Key/value version 2: versioned secrets. From a request's path to the area that answers it. */
import type { Barrier } from "@sealwright/core";
import type { ApiRequest, ApiResponse, Method } from "../../http/api.ts";
import { routerError } from "../../http/problem.ts";
import { dataResponse } from "../../http/respond.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import { configBody, readConfig, writeConfig } from "./config.ts";
import { isKeyPath, type Kv2Operation } from "./context.ts";
import { dataBody, deleteData, patchData, readData, writeData } from "./data.ts";
import { KeyStore } from "./key-store.ts";
import { deleteMetadata, listMetadata, metadataBody, patchMetadata, readMetadata, writeMetadata } from "./metadata.ts";
import { readSubkeys } from "./subkeys.ts";
import { deleteChosen, destroyChosen, undeleteChosen, versionsBody } from "./versions.ts";

/** What the methods of an area do. */
export type Kv2Area = Readonly<Partial<Record<Method, Kv2Operation>>>;

const onWrite = (operation: Kv2Operation): Kv2Area => ({ PUT: operation, POST: operation });

const VERSION = { version: "Which version; the current one unless given." };

/** The areas whose paths go on with that of a key. */
export const AREAS: ReadonlyMap<string, Kv2Area> = new Map<string, Kv2Area>([
  [
    "data",
    {
      GET: { summary: "Read a version of a secret", query: VERSION, handle: readData },
      ...onWrite({ summary: "Write a new version of a secret", body: dataBody, handle: writeData }),
      PATCH: { summary: "Write a new version by a merge patch of the current one", body: dataBody, handle: patchData },
      DELETE: { summary: "Mark the current version as deleted", handle: deleteData },
    },
  ],
  ["delete", onWrite({ summary: "Mark versions as deleted", body: versionsBody, handle: deleteChosen })],
  ["undelete", onWrite({ summary: "Take back that versions are deleted", body: versionsBody, handle: undeleteChosen })],
  ["destroy", onWrite({ summary: "Remove the data of versions for good", body: versionsBody, handle: destroyChosen })],
  [
    "subkeys",
    {
      GET: {
        summary: "Read the names in a version of a secret, without the values",
        query: { ...VERSION, depth: "How deep; 0 is all the way." },
        handle: readSubkeys,
      },
    },
  ],
  [
    "metadata",
    {
      GET: { summary: "Read what is known of a secret and its versions", handle: readMetadata },
      ...onWrite({ summary: "Set what holds for a secret", body: metadataBody, handle: writeMetadata }),
      PATCH: { summary: "Set what holds for a secret by a merge patch", body: metadataBody, handle: patchMetadata },
      DELETE: { summary: "Remove a secret and all its versions for good", handle: deleteMetadata },
      LIST: { summary: "List the secrets and folders in a folder", handle: listMetadata },
    },
  ],
]);

/** What holds for all keys of a mount. */
export const CONFIG: Kv2Area = {
  GET: { summary: "Read what holds for all secrets of the mount", handle: readConfig },
  ...onWrite({ summary: "Set what holds for all secrets of the mount", body: configBody, handle: writeConfig }),
};

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

/** The area that `path` is in, and what follows it. */
function areaOf(path: string): { operations: Kv2Area; rest: string } | undefined {
  if (path === "config") return { operations: CONFIG, rest: "" };
  const slash = path.indexOf("/");
  const operations = slash === -1 ? undefined : AREAS.get(path.slice(0, slash));
  return operations === undefined ? undefined : { operations, rest: path.slice(slash + 1) };
}

/** Key/value version 2 at one mount. */
export class Kv2Engine {
  readonly #mutex = new KeyedMutex();
  // By barrier, so that what is remembered of a mount is gone when the store is sealed.
  #stores: { readonly barrier: Barrier; readonly byPrefix: Map<string, KeyStore> } | undefined;

  /** Answers a request for `path`, below the mount whose data begins at `prefix`. */
  async serve(barrier: Barrier, prefix: string, path: string, request: ApiRequest): Promise<ApiResponse> {
    const area = areaOf(request.method === "LIST" && !path.endsWith("/") ? `${path}/` : path);
    if (area === undefined) return invalidPath(path, request.method);
    const operation = area.operations[request.method];
    if (operation === undefined) throw routerError(405, "unsupported operation");
    return operation.handle({
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
