// SPDX-License-Identifier: Apache-2.0
/** Transit: encryption as a service, with keys that never leave. From a request's path to what answers it. */
import type { ApiRequest, ApiResponse, Method } from "../../http/api.ts";
import { routerError } from "../../http/problem.ts";
import type { Engine, EnginePlace } from "../engine.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import type { TransitOperation } from "./call.ts";
import { decryptData, encryptData, rewrapData } from "./data.ts";
import { itemsBody } from "./items.ts";
import { TransitKeyStore } from "./key-store.ts";
import { configBody, configureKey, createBody, createKey, deleteKey, listKeys, readKey, rotateKey } from "./keys.ts";

type Operations = Readonly<Partial<Record<Method, TransitOperation>>>;

const onWrite = (operation: TransitOperation): Operations => ({ PUT: operation, POST: operation });

/** By the path with `*` in the place of the key's name. */
export const PATHS: ReadonlyMap<string, Operations> = new Map<string, Operations>([
  [
    "keys/*",
    {
      GET: { summary: "Read what is known of a key", handle: readKey },
      ...onWrite({ summary: "Make a key", body: createBody, handle: createKey }),
      DELETE: { summary: "Remove a key, if that is allowed", handle: deleteKey },
    },
  ],
  ["keys/*/rotate", onWrite({ summary: "Add a version to a key", handle: rotateKey })],
  ["keys/*/config", onWrite({ summary: "Set what holds for a key", body: configBody, handle: configureKey })],
  ["encrypt/*", onWrite({ summary: "Encrypt, under a key made now if need be", body: itemsBody, handle: encryptData })],
  ["decrypt/*", onWrite({ summary: "Decrypt", body: itemsBody, handle: decryptData })],
  ["rewrap/*", onWrite({ summary: "Encrypt anew under the latest version", body: itemsBody, handle: rewrapData })],
]);

/** Names as Vault takes them: letters, digits and `_`, and in between also `-` and `.`. */
const NAMED = /^(?<area>[a-z]+)\/(?<name>\w(?:[\w.-]*\w)?)(?<rest>\/[a-z]+)?$/;

function find(path: string): { operations: Operations; name: string } | undefined {
  const { area, name, rest = "" } = NAMED.exec(path)?.groups ?? {};
  const operations = PATHS.get(`${area}/*${rest}`);
  return operations === undefined || name === undefined ? undefined : { operations, name };
}

/** Encryption as a service at one mount. */
export class TransitEngine implements Engine {
  readonly #mutex = new KeyedMutex();

  async serve({ barrier, prefix }: EnginePlace, path: string, request: ApiRequest): Promise<ApiResponse> {
    const keys = new TransitKeyStore(barrier, prefix);
    if (path === "keys" || path === "keys/") {
      if (request.method !== "LIST") throw routerError(405, "unsupported operation");
      return listKeys(keys);
    }
    const found = find(path);
    if (found === undefined) throw routerError(404, "unsupported path");
    const { operations, name } = found;
    const operation = operations[request.method];
    if (operation === undefined) throw routerError(405, "unsupported operation");
    return operation.handle({
      keys,
      name,
      request,
      now: () => new Date(),
      alone: (work) => this.#mutex.run(prefix + name, work),
    });
  }

  /** Encrypting makes a key that is not there; keys that are made by name count as updated, as in Vault. */
  async exists({ barrier, prefix }: EnginePlace, path: string): Promise<boolean> {
    const name = path.startsWith("encrypt/") ? find(path)?.name : undefined;
    return name === undefined || (await new TransitKeyStore(barrier, prefix).get(name)) !== undefined;
  }
}
