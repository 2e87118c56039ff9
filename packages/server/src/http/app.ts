// SPDX-License-Identifier: Apache-2.0
/** The Express application: bytes in, bytes out. What the paths mean is the dispatcher's. */
import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import express, { type Express } from "express";
import type { ApiRequest, ApiResponse, Method } from "./api.ts";
import { checkComplexity, type JsonLimits } from "./complexity.ts";
import { Deadline } from "./deadline.ts";
import { HttpError, problem, TooManyRequests, toHttpError } from "./problem.ts";
import { RateLimiter, type RateLimits } from "./rate-limit.ts";
import { readBody } from "./read-body.ts";
import { decodePath, splitTarget, type Target, withoutEmptySegments } from "./request-target.ts";
import { send } from "./send.ts";

/** What the app serves, and within which limits. */
export interface AppOptions {
  readonly dispatch: (request: ApiRequest) => Promise<ApiResponse>;
  /** Bytes; a longer body is 413. */
  readonly maxRequestSize: number;
  /** Milliseconds; a longer request is 408, and its signal aborts. */
  readonly maxRequestDuration: number;
  /** A body beyond them is 400. */
  readonly jsonLimits: JsonLimits;
  /** Whether a request without `X-Vault-Request: true` is refused, against requests forged by a server in between. */
  readonly requireRequestHeader: boolean;
  readonly rateLimits: RateLimits;
  /** Told of everything that is answered with a 5xx, cause and all. */
  readonly onFailure: (error: unknown, request: { method: string; path: string }) => void;
}

const METHODS: Readonly<Record<string, Method>> = {
  GET: "GET",
  HEAD: "GET",
  LIST: "LIST",
  PUT: "PUT",
  POST: "POST",
  PATCH: "PATCH",
  DELETE: "DELETE",
};

const NO_QUERY = new URLSearchParams();
/** What Go's ParseBool understands. */
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["", "0", "f", "F", "FALSE", "false", "False"]);

function methodOf(name: string, query: URLSearchParams): Method {
  const method = METHODS[name];
  if (method === undefined) throw new HttpError(405);
  if (method !== "GET" || query === NO_QUERY) return method;
  const list = query.get("list") ?? "";
  if (TRUE.has(list)) return "LIST";
  if (FALSE.has(list)) return "GET";
  throw new HttpError(400, "the parameter list must be true or false");
}

/** `X-Vault-Token` wins over `Authorization: Bearer`, as in Vault; anything else is no token. */
function tokenOf({ "x-vault-token": own, authorization }: IncomingHttpHeaders): string | undefined {
  if (typeof own === "string") return own;
  return authorization?.startsWith("Bearer ") ? authorization.slice("Bearer ".length).trim() : undefined;
}

function checkNamespace(namespace: string | string[] | undefined, path: string): void {
  if (namespace === undefined || namespace === "" || namespace === "root" || namespace === "/") return;
  if (path === "sys/seal-status" || path === "sys/health") return;
  throw path === "sys/init"
    ? new HttpError(400, "operation unavailable in namespaces")
    : new HttpError(404, "namespace not found");
}

/** The redirection to the same place in its one spelling, which Vault's clients follow. */
function redirection(path: string, search: string): ApiResponse {
  return { status: 307, headers: { Location: search === "" ? path : `${path}?${search}` } };
}

/** Answers what one listener is asked. */
class Edge {
  readonly #options: AppOptions;
  readonly #limiter: RateLimiter;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter(options.rateLimits);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = splitTarget(request.url ?? "");
    try {
      const answer = await this.#answer(request, target);
      if (!response.destroyed) send(response, answer);
    } catch (error) {
      this.#refuse(error, request, response, target);
    }
  }

  async #answer(request: IncomingMessage, target: Target): Promise<ApiResponse> {
    const { headers } = request;
    const direct = withoutEmptySegments(target.path);
    if (direct !== undefined) return redirection(direct, target.search);
    const path = decodePath(target.path);
    const query = target.search === "" ? NO_QUERY : new URLSearchParams(target.search);
    const method = methodOf(request.method ?? "", query);
    checkNamespace(headers["x-vault-namespace"], path);
    this.#checkHeaders(headers);
    if (method !== "GET" && method !== "LIST") this.#checkRate(path);
    const text = await this.#bodyOf(request);
    const deadline = new Deadline(this.#options.maxRequestDuration);
    const contentType = headers["content-type"];
    return deadline.bound(
      this.#options.dispatch({
        method,
        path,
        query,
        text,
        ...(contentType === undefined ? {} : { contentType }),
        token: tokenOf(headers),
        remoteAddress: request.socket.remoteAddress ?? "",
        get signal() {
          return deadline.signal;
        },
      }),
    );
  }

  #checkHeaders(headers: IncomingHttpHeaders): void {
    if (this.#options.requireRequestHeader && headers["x-vault-request"] !== "true") {
      throw new HttpError(412, "missing the required X-Vault-Request header: set it to true");
    }
    // Who asks for an answer in a wrapper must not get the secret itself.
    const wrap = headers["x-vault-wrap-ttl"];
    if (wrap !== undefined && wrap !== "" && wrap !== "0") {
      throw new HttpError(400, "responses cannot be wrapped here: ask without X-Vault-Wrap-TTL");
    }
  }

  #checkRate(path: string): void {
    const wait = this.#limiter.admit(`/v1/${path}`);
    if (wait > 0) throw new TooManyRequests(path, wait);
  }

  async #bodyOf(request: IncomingMessage): Promise<string> {
    const { maxRequestSize, jsonLimits } = this.#options;
    const body = await readBody(request, maxRequestSize);
    if (body.length === 0) return "";
    if (!isUtf8(body)) throw new HttpError(400, "the body is not UTF-8");
    checkComplexity(body, jsonLimits);
    return body.toString("utf8");
  }

  #refuse(error: unknown, request: IncomingMessage, response: ServerResponse, target: Target): void {
    const refusal = toHttpError(error);
    if (refusal.status >= 500 && refusal.status !== 503) {
      this.#options.onFailure(error, { method: request.method ?? "", path: target.path });
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    // What the client still sends belongs to a request that is answered: the connection cannot be used again.
    if (!request.complete) response.setHeader("Connection", "close");
    send(response, problem(refusal));
  }
}

/** Builds the application. It listens nowhere. */
export function createApp(options: AppOptions): Express {
  const edge = new Edge(options);
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response) => edge.handle(request, response));
  return app;
}
