// SPDX-License-Identifier: Apache-2.0
/** The Express application: bytes in, bytes out. What the paths mean is the dispatcher's. */
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from "express";
import type { ApiRequest, ApiResponse, Method } from "./api.ts";
import { checkComplexity } from "./complexity.ts";
import { Deadline } from "./deadline.ts";
import { HttpError, problem, toHttpError } from "./problem.ts";
import { type RateLimits, rateLimit } from "./rate-limit.ts";

export interface AppOptions {
  readonly dispatch: (request: ApiRequest) => Promise<ApiResponse>;
  /** Bytes; a longer body is 413. */
  readonly maxRequestSize: number;
  /** Milliseconds; a longer request is 408, and its signal aborts. */
  readonly maxRequestDuration: number;
  /** Strings in a JSON body; more are 400. */
  readonly maxJsonStrings: number;
  /** Whether a request without `X-Vault-Request: true` is refused, against requests forged by a server in between. */
  readonly requireRequestHeader: boolean;
  readonly rateLimits: RateLimits;
  /** Told of everything that is answered with a 5xx, cause and all. */
  readonly onFailure: (error: unknown, request: { method: string; path: string }) => void;
}

const API = "/v1/";
const NO_BODY = Buffer.alloc(0);
const METHODS: Readonly<Record<string, Method>> = {
  GET: "GET",
  HEAD: "GET",
  PUT: "PUT",
  POST: "POST",
  PATCH: "PATCH",
  DELETE: "DELETE",
};
// Control characters in a path reach no storage and no log.
const FORBIDDEN = /\p{Cc}/u;

function methodOf(request: Request, query: URLSearchParams): Method {
  const method = METHODS[request.method];
  if (method === undefined) throw new HttpError(405);
  return method === "GET" && query.get("list") === "true" ? "LIST" : method;
}

// A slash that is written otherwise would be one path to a proxy in front and another one here.
const ENCODED_SLASH = /%2f/i;

function pathOf(raw: string): string {
  if (ENCODED_SLASH.test(raw)) throw new HttpError(400, "the path has an encoded slash: write / as it is");
  let path: string;
  try {
    path = decodeURIComponent(raw.slice(API.length));
  } catch {
    throw new HttpError(400, "the path is not valid percent-encoded UTF-8");
  }
  if (FORBIDDEN.test(path)) throw new HttpError(400, "the path has a control character");
  if (path.split("/").some((segment) => segment === ".." || segment === ".")) {
    throw new HttpError(400, "the path has a . or .. segment");
  }
  return path;
}

/** `X-Vault-Token` wins over `Authorization: Bearer`, as in Vault; anything else is no token. */
function tokenOf(request: Request): string | undefined {
  const own = request.headers["x-vault-token"];
  if (typeof own === "string") return own;
  const { authorization } = request.headers;
  return authorization?.startsWith("Bearer ") ? authorization.slice("Bearer ".length).trim() : undefined;
}

function checkNamespace(request: Request, path: string): void {
  const namespace = request.headers["x-vault-namespace"];
  if (namespace === undefined || namespace === "" || namespace === "root" || namespace === "/") return;
  if (path === "sys/seal-status" || path === "sys/health") return;
  throw path === "sys/init"
    ? new HttpError(400, "operation unavailable in namespaces")
    : new HttpError(404, "namespace not found");
}

function serve(options: AppOptions): RequestHandler {
  return async (request, response) => {
    const [raw = "", search = ""] = request.url.split("?", 2);
    if (!raw.startsWith(API)) throw new HttpError(404);
    if (raw.includes("//")) {
      response.redirect(307, raw.replace(/\/{2,}/g, "/") + (search && `?${search}`));
      return;
    }
    const query = new URLSearchParams(search);
    const path = pathOf(raw);
    checkNamespace(request, path);
    if (options.requireRequestHeader && request.headers["x-vault-request"] !== "true") {
      throw new HttpError(412, "missing the required X-Vault-Request header: set it to true");
    }
    const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
    checkComplexity(body, options.maxJsonStrings);
    const contentType = request.headers["content-type"];
    const deadline = new Deadline(options.maxRequestDuration);
    const answer = await deadline.bound(
      options.dispatch({
        method: methodOf(request, query),
        path,
        query,
        text: body.toString("utf8"),
        ...(contentType === undefined ? {} : { contentType }),
        token: tokenOf(request),
        remoteAddress: request.socket.remoteAddress ?? "",
        get signal() {
          return deadline.signal;
        },
      }),
    );
    send(response, answer);
  };
}

function send(response: express.Response, answer: ApiResponse): void {
  response.statusCode = answer.status;
  response.setHeader("Cache-Control", "no-store");
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (answer.json === undefined) {
    response.end();
    return;
  }
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Content-Length", Buffer.byteLength(answer.json));
  // A text leaves with the headers in one write; a Buffer would be a second one.
  response.end(answer.json);
}

/** What body-parser throws has a `type`; everything else goes through the one table. */
function edgeError(error: unknown): HttpError {
  const type = (error as { type?: unknown } | null)?.type;
  if (type === "entity.too.large") return new HttpError(413, "http: request body too large");
  if (type === "encoding.unsupported") return new HttpError(415, "the body's content encoding is not supported");
  if (type === "request.aborted" || type === "request.size.invalid")
    return new HttpError(400, "the body was cut short");
  return toHttpError(error);
}

function refuse(options: AppOptions): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const refusal = edgeError(error);
    if (refusal.status >= 500 && refusal.status !== 503) {
      options.onFailure(error, { method: request.method, path: request.path });
    }
    if (response.headersSent) response.destroy();
    else send(response, problem(refusal));
  };
}

/** Builds the application. It listens nowhere. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(rateLimit(options.rateLimits));
  app.use(express.raw({ type: () => true, limit: options.maxRequestSize }));
  app.use(serve(options));
  app.use(refuse(options));
  return app;
}
