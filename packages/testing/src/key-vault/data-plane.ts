// SPDX-License-Identifier: Apache-2.0
/** The paths of Key Vault's REST interface for keys: who may ask, what is asked, what is answered. */
import * as z from "zod";
import { deletedKeyBundle, deletedKeyItem, keyBundle, keyId, keyItem, versionItem } from "./bundles.ts";
import { checkPermission, type Identity, type KeyPermission } from "./identities.ts";
import { CRYPTO_OPERATIONS, type CryptoOperation, perform } from "./key-operations.ts";
import type { KeyStore } from "./keys.ts";
import type { Reply, Request } from "./listener.ts";
import { badParameter, ServiceError } from "./service-error.ts";

const NEWEST_API = "2025-07-01";
const PAGE = 25;

const properties = z.object({
  key_ops: z.array(z.string()).optional(),
  attributes: z
    .object({ enabled: z.boolean().optional(), nbf: z.number().optional(), exp: z.number().optional() })
    .transform((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
    .optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
const createBody = properties.extend({
  kty: z.string(),
  key_size: z.number().optional(),
  crv: z.string().optional(),
});
const importBody = properties.extend({ key: z.record(z.string(), z.unknown()) });
const operationBody = z.object({ alg: z.string().optional(), value: z.string().optional() });

/** What a route answers with. */
export interface DataPlane {
  /** The vault's name, for messages. */
  readonly vault: string;
  /** Where it answers: what its identifiers begin with. */
  readonly base: string;
  readonly keys: KeyStore;
  /** Told of each request that is authenticated and understood; what it gives is the answer. */
  onCall(call: KeyCall): Reply | undefined;
}

/** A request to the vault. */
export interface KeyCall {
  /** The permission that it needs. */
  readonly operation: KeyPermission;
  readonly key: string;
  /** Empty where the request names none. */
  readonly version: string;
  readonly clientId: string;
}

interface Route {
  readonly operation: KeyPermission;
  readonly key: string;
  readonly version: string;
  answer(): Promise<Reply> | Reply;
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text === "" ? "{}" : text));
  } catch {
    throw badParameter("The request body is not the JSON that this operation takes.");
  }
}

const ok = (body: object): Reply => ({ status: 200, body });

function page(items: readonly object[], url: URL): Reply {
  const size = Number(url.searchParams.get("maxresults") ?? PAGE);
  const start = Number(url.searchParams.get("$skiptoken") ?? 0);
  if (!(size >= 1 && size <= PAGE)) throw badParameter(`maxresults must be a number from 1 to ${PAGE}.`);
  const next = new URL(url);
  next.searchParams.set("$skiptoken", String(start + size));
  return ok({ value: items.slice(start, start + size), nextLink: start + size < items.length ? next.href : null });
}

function isCryptoOperation(segment: string): segment is CryptoOperation {
  return Object.hasOwn(CRYPTO_OPERATIONS, segment);
}

function deletedRoute({ base, keys }: DataPlane, { method, url }: Request, [name, verb]: string[]): Route | undefined {
  const route = (operation: KeyPermission, answer: Route["answer"]): Route => {
    return { operation, key: name ?? "", version: "", answer };
  };
  if (name === undefined) {
    if (method !== "GET") return undefined;
    return route("list", () =>
      page(
        keys.listDeleted().map((each) => deletedKeyItem(base, each)),
        url,
      ),
    );
  }
  if (method === "GET" && verb === undefined) {
    return route("get", () => ok(deletedKeyBundle(base, keys.deleted(name))));
  }
  if (method === "DELETE" && verb === undefined) {
    return route("purge", () => {
      keys.purge(name);
      return { status: 204 };
    });
  }
  if (method === "POST" && verb === "recover") return route("recover", () => ok(keyBundle(base, keys.recover(name))));
  return undefined;
}

function postRoute({ base, keys }: DataPlane, { body }: Request, [name = "", ...rest]: string[]): Route | undefined {
  // A client asks for the newest version by leaving the version out, or its segment empty.
  const [version = "", verb = ""] = rest.length === 1 ? ["", rest[0]] : rest;
  if (rest.length > 2) return undefined;
  const operation = verb.toLowerCase();
  if (isCryptoOperation(operation)) {
    return {
      operation: CRYPTO_OPERATIONS[operation],
      key: name,
      version,
      answer() {
        const key = keys.get(name, version);
        return ok({ kid: keyId(base, key), value: perform(key, operation, parse(operationBody, body)) });
      },
    };
  }
  if (version !== "") return undefined;
  if (operation === "create") {
    const answer = async (): Promise<Reply> => {
      const parameters = parse(createBody, body);
      return ok(keyBundle(base, await keys.create(name, parameters, parameters)));
    };
    return { operation: "create", key: name, version, answer };
  }
  if (operation === "rotate") {
    return {
      operation: "rotate",
      key: name,
      version,
      answer: async () => ok(keyBundle(base, await keys.rotate(name))),
    };
  }
  return undefined;
}

function keyRoute(plane: DataPlane, request: Request, segments: string[]): Route | undefined {
  const { base, keys } = plane;
  const { method, url, body } = request;
  const [name = "", version = "", ...more] = segments;
  const route = (operation: KeyPermission, answer: Route["answer"]): Route => {
    return { operation, key: name, version, answer };
  };
  if (method === "POST") return postRoute(plane, request, segments);
  if (more.length > 0) return undefined;
  if (method === "GET" && name === "") {
    return route("list", () =>
      page(
        keys.list().map((each) => keyItem(base, each)),
        url,
      ),
    );
  }
  if (method === "GET" && version === "versions") {
    return route("list", () =>
      page(
        keys.versions(name).map((each) => versionItem(base, each)),
        url,
      ),
    );
  }
  if (method === "GET") return route("get", () => ok(keyBundle(base, keys.get(name, version))));
  if (method === "PATCH") {
    return route("update", () => ok(keyBundle(base, keys.update(name, version, parse(properties, body)))));
  }
  if (version !== "") return undefined;
  if (method === "DELETE") return route("delete", () => ok(deletedKeyBundle(base, keys.delete(name))));
  if (method === "PUT") {
    return route("import", () => {
      const given = parse(importBody, body);
      return ok(keyBundle(base, keys.import(name, given.key, { key_ops: operationsOf(given.key), ...given })));
    });
  }
  return undefined;
}

function operationsOf({ key_ops }: Readonly<Record<string, unknown>>): string[] | undefined {
  return z.array(z.string()).safeParse(key_ops).data;
}

function checkVersionOfApi({ searchParams }: URL): void {
  const version = searchParams.get("api-version");
  if (version === null) throw badParameter("api-version must be specified");
  if (/^(7\.\d|20\d\d-\d\d-\d\d)(-preview(\.\d)?)?$/.test(version)) return;
  throw badParameter(
    `The specified version (${version}) is not recognized. Consider using the latest supported version (${NEWEST_API}).`,
  );
}

function checkName(name: string): void {
  if (/^[0-9a-zA-Z-]{0,127}$/.test(name)) return;
  throw badParameter(`The request URI contains an invalid name: ${name}`);
}

/** Answers one request of `identity`. Throws a `ServiceError`. */
export async function answerDataPlane(plane: DataPlane, request: Request, identity: Identity): Promise<Reply> {
  const [collection = "", ...segments] = request.url.pathname.split("/").filter((segment) => segment !== "");
  checkVersionOfApi(request.url);
  checkName(segments[0] ?? "");
  const route =
    collection === "keys"
      ? keyRoute(plane, request, segments)
      : collection === "deletedkeys"
        ? deletedRoute(plane, request, segments)
        : undefined;
  if (route === undefined) {
    throw new ServiceError(405, "MethodNotAllowed", `This server has no ${request.method} of ${request.url.pathname}.`);
  }
  const { operation, key, version } = route;
  const answer = plane.onCall({ operation, key, version, clientId: identity.clientId });
  if (answer !== undefined) return answer;
  checkPermission(identity, operation, plane.vault);
  return route.answer();
}
