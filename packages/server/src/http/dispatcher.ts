// SPDX-License-Identifier: Apache-2.0
/** From a request to its endpoint: open ones first, then the seal, the token and its policies, then the mounts. */
import type { ApiRequest, ApiResponse, Endpoint } from "./api.ts";
import { HttpError, routerError, SEALED_MESSAGE } from "./problem.ts";

/** Decides whether a request's token may do what it asks. */
export interface Gate {
  /** Whether the server is sealed: guarded paths then answer 503. */
  readonly sealed: boolean;
  /**
   * Throws 403 unless the request's token allows its operation on its path: as it is, or where `access` is `sudo`,
   * with that capability besides. Which one an operation itself needs goes by the method unless one is named.
   */
  authorize(request: ApiRequest, access: "guarded" | "sudo", capability?: "update"): Promise<void>;
}

/** Serves everything that is not an endpoint: the mounts. */
export type Fallback = (request: ApiRequest) => Promise<ApiResponse>;

interface Match {
  readonly endpoint: Endpoint;
  readonly rest: string;
}

class Table {
  readonly #exact = new Map<string, Endpoint>();
  readonly #patterns: { prefix: string; suffix: string; endpoint: Endpoint }[] = [];

  constructor(endpoints: readonly Endpoint[]) {
    for (const endpoint of endpoints) {
      const [prefix = "", suffix] = endpoint.path.split("*");
      if (suffix !== undefined) this.#patterns.push({ prefix, suffix, endpoint });
      else if (this.#exact.has(endpoint.path)) throw new Error(`two endpoints claim ${endpoint.path}`);
      else this.#exact.set(endpoint.path, endpoint);
    }
    this.#patterns.sort((a, b) => b.endpoint.path.length - a.endpoint.path.length);
  }

  find(path: string): Match | undefined {
    const endpoint = this.#exact.get(path);
    if (endpoint !== undefined) return { endpoint, rest: "" };
    const match = this.#patterns.find(
      ({ prefix, suffix }) =>
        path.length > prefix.length + suffix.length && path.startsWith(prefix) && path.endsWith(suffix),
    );
    if (match === undefined) return undefined;
    const { prefix, suffix } = match;
    return { endpoint: match.endpoint, rest: path.slice(prefix.length, path.length - suffix.length) };
  }
}

/** Paths that belong to the server itself, never to a mount. */
const OWN = /^(sys|auth\/token)(\/|$)/;

/** Whether `path` is the server's own rather than a mount's. */
export function isOwnPath(path: string): boolean {
  return OWN.test(path);
}

/**
 * Serves requests by `endpoints`, what `gate` lets through, and `fallback` for the mounts. Throws where two endpoints
 * claim one path.
 */
export function createDispatcher(
  endpoints: readonly Endpoint[],
  gate: Gate,
  fallback: Fallback,
): (request: ApiRequest) => Promise<ApiResponse> {
  const open = new Table(endpoints.filter((each) => each.access === "open"));
  const guarded = new Table(endpoints.filter((each) => each.access !== "open"));

  return async (request) => {
    const unguarded = open.find(request.path);
    if (unguarded !== undefined) {
      const operation = unguarded.endpoint.operations[request.method];
      if (operation === undefined) throw new HttpError(405);
      return operation.run(request, unguarded.rest);
    }
    if (gate.sealed) throw new HttpError(503, SEALED_MESSAGE);
    if (!isOwnPath(request.path)) {
      await gate.authorize(request, "guarded");
      return fallback(request);
    }
    // Clients list a folder with a slash behind it or without.
    const match = guarded.find(request.method === "LIST" ? request.path.replace(/\/$/, "") : request.path);
    const access = match?.endpoint.access === "sudo" ? "sudo" : "guarded";
    await gate.authorize(request, access, match?.endpoint.capability);
    if (match === undefined) throw routerError(404, "unsupported path");
    const operation = match.endpoint.operations[request.method];
    if (operation === undefined) throw routerError(405, "unsupported operation");
    return operation.run(request, match.rest);
  };
}
