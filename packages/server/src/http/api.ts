// SPDX-License-Identifier: Apache-2.0
/** What the HTTP edge hands to an endpoint and what it takes back: no Express, no sockets. */
import * as z from "zod";
import { readFields } from "./body.ts";

/** The verbs of the API. LIST arrives as GET with `list=true`. */
export type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE" | "LIST";

/** One request, its path below `/v1/` decoded and free of traversal. */
export interface ApiRequest {
  readonly method: Method;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The body as received, empty where there is none. */
  readonly text: string;
  /** The `Content-Type` header, where there was one. */
  readonly contentType?: string;
  readonly token: string | undefined;
  readonly remoteAddress: string;
  /** Aborts when the request has taken too long. Made when it is first asked for. */
  readonly signal: AbortSignal;
}

/** What an operation answers. */
export interface ApiResponse {
  readonly status: number;
  /** JSON text, or another one where `headers` has its `Content-Type`; absent means an empty body. */
  readonly json?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called when the whole answer has been handed to the network. */
  readonly onDelivered?: () => void;
}

/** What a handler gets: the request, what stands for the `*` of the endpoint's path, and the body's checked fields. */
export interface Call<Body extends z.ZodObject> {
  readonly request: ApiRequest;
  readonly rest: string;
  readonly fields: z.output<Body>;
}

/** What the OpenAPI document says of an operation. */
export interface OperationDescription {
  /** One line. */
  readonly summary: string;
  /** The fields of the JSON body, where it takes one. */
  readonly body?: z.ZodObject | undefined;
  /** What the parameters in the query mean, by name. */
  readonly query?: Readonly<Record<string, string>>;
}

/** What one method of an endpoint does. Its schema checks requests, and describes them in the OpenAPI document. */
export interface Operation extends OperationDescription {
  readonly body: z.ZodObject | undefined;
  run(request: ApiRequest, rest: string): Promise<ApiResponse>;
}

/** A path and what its methods do. */
export interface Endpoint {
  /** Below `/v1/`, without a leading slash. One `*`, at the end or before `/…`, stands for one segment or more. */
  readonly path: string;
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
  /**
   * `open` endpoints answer without a token, sealed or not. `guarded` ones answer on an unsealed server to a token whose
   * policies allow the operation, and `sudo` ones need the capability `sudo` besides.
   */
  readonly access: "open" | "guarded" | "sudo";
  /** What a token needs whatever the method is; else `read`, `update`, `delete` or `list` go by the method. */
  readonly capability?: "update";
}

const NO_FIELDS = z.object({});

/** An operation that takes no fields; a body is ignored. `query` describes the parameters that it reads. */
export function operation(
  summary: string,
  handle: (call: Call<typeof NO_FIELDS>) => Promise<ApiResponse>,
  query: Readonly<Record<string, string>> = {},
): Operation {
  return { summary, body: undefined, query, run: (request, rest) => handle({ request, rest, fields: {} }) };
}

/** An operation whose JSON body has the fields of `body`. */
export function operationWith<Body extends z.ZodObject>(
  summary: string,
  body: Body,
  handle: (call: Call<Body>) => Promise<ApiResponse>,
): Operation {
  return {
    summary,
    body,
    run: async (request, rest) => handle({ request, rest, fields: readFields(request.text, body) }),
  };
}

/** `operation` for PUT and POST alike, as Vault's clients use them. */
export function onWrite(operation: Operation): Pick<Endpoint["operations"], "PUT" | "POST"> {
  return { PUT: operation, POST: operation };
}
