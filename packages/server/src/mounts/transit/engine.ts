// SPDX-License-Identifier: Apache-2.0
/** Transit: encryption as a service, with keys that never leave. From a request's path to what answers it. */
import type { ApiRequest, ApiResponse, Method } from "../../http/api.ts";
import { routerError } from "../../http/problem.ts";
import type { Engine, EnginePlace } from "../engine.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import type { TransitHandler } from "./call.ts";
import { decryptData, encryptData, rewrapData } from "./data.ts";
import { TransitKeyStore } from "./key-store.ts";
import { configureKey, createKey, deleteKey, listKeys, readKey, rotateKey } from "./keys.ts";

type Handlers = Readonly<Partial<Record<Method, TransitHandler>>>;

const onWrite = (handler: TransitHandler): Handlers => ({ PUT: handler, POST: handler });

/** By the path with `:name` in the place of the key's name. */
const PATHS: ReadonlyMap<string, Handlers> = new Map([
  ["keys/:name", { GET: readKey, ...onWrite(createKey), DELETE: deleteKey }],
  ["keys/:name/rotate", onWrite(rotateKey)],
  ["keys/:name/config", onWrite(configureKey)],
  ["encrypt/:name", onWrite(encryptData)],
  ["decrypt/:name", onWrite(decryptData)],
  ["rewrap/:name", onWrite(rewrapData)],
]);

/** Names as Vault takes them: letters, digits and `_`, and in between also `-` and `.`. */
const NAMED = /^(?<area>[a-z]+)\/(?<name>\w(?:[\w.-]*\w)?)(?<rest>\/[a-z]+)?$/;

function find(path: string): { handlers: Handlers; name: string } | undefined {
  const { area, name, rest = "" } = NAMED.exec(path)?.groups ?? {};
  const handlers = PATHS.get(`${area}/:name${rest}`);
  return handlers === undefined || name === undefined ? undefined : { handlers, name };
}

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
    const { handlers, name } = found;
    const handler = handlers[request.method];
    if (handler === undefined) throw routerError(405, "unsupported operation");
    return handler({
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
