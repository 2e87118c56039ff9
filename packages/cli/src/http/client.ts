// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";
import type { Io } from "../io.ts";
import { isObject, type JsonObject, parseJson, toJson } from "../output/json-text.ts";
import { CurlString, curlCommand } from "./curl.ts";
import { ApiError } from "./errors.ts";
import { type ApiFlagValues, type ServerSettings, serverSettings } from "./settings.ts";
import { currentToken } from "./token.ts";
import { type Incoming, type Outgoing, send } from "./transport.ts";

/** What the server answered to a request it accepted. */
export interface Answer {
  /** The body as it came, for `-format=raw`. */
  readonly text: string;
  /** The body; empty when there was none. */
  readonly body: JsonObject;
}

/** What a request carries besides method and path. */
export interface RequestParts {
  readonly body?: unknown;
  /** What kind of JSON the body is, unless it is plain. */
  readonly contentType?: string;
  readonly query?: Readonly<Record<string, string>>;
}

/** Talks to the server's HTTP API. */
export interface Client {
  /**
   * Sends a request to `/v1/<path>`. Throws `ApiError` when the server refuses, `UnreachableError` when there is no
   * answer, `CurlString` when the request is to be shown only.
   */
  request(method: string, path: string, parts?: RequestParts): Promise<Answer>;
  /** A question that a command asks to prepare its request: it is sent even when the request is only shown. */
  prepare(method: string, path: string): Promise<Answer>;
}

/** A client for the server that flags and environment name; `token` in place of the usual one. */
export function connect(flags: ApiFlagValues, io: Pick<Io, "env">, token = currentToken(io.env)): Client {
  const settings = serverSettings(flags, io.env);
  return {
    async request(method, path, parts = {}) {
      const outgoing = build(settings, token, method, path, parts);
      if (flags.outputCurlString) throw new CurlString(curlCommand(settings, outgoing));
      return exchange(settings, outgoing);
    },
    prepare(method, path) {
      return exchange(settings, build(settings, token, method, path, {}));
    },
  };
}

function build(
  settings: ServerSettings,
  token: string | undefined,
  method: string,
  path: string,
  { body, contentType = "application/json", query = {} }: RequestParts,
): Outgoing {
  const search = new URLSearchParams(query).toString();
  return {
    method,
    path: `${settings.address.pathname.replace(/\/$/, "")}/v1/${encodePath(path)}${search === "" ? "" : `?${search}`}`,
    headers: {
      ...settings.headers,
      "X-Vault-Request": "true",
      ...(token !== undefined && { "X-Vault-Token": token }),
      ...(body !== undefined && { "Content-Type": contentType }),
    },
    body: body === undefined ? undefined : toJson(body),
  };
}

function encodePath(path: string): string {
  return path.replace(/^\/+/, "").split("/").map(encodeURIComponent).join("/");
}

async function exchange(settings: ServerSettings, outgoing: Outgoing): Promise<Answer> {
  const incoming = await send(settings, outgoing);
  const url = settings.address.origin + outgoing.path;
  if (incoming.status < 200 || incoming.status > 299) throw new ApiError(outgoing.method, url, incoming);
  return { text: incoming.text, body: parseBody(incoming, url) };
}

/** Reads the JSON object of an answer; an empty answer is an empty object. Throws `ServerError` for anything else. */
function parseBody({ text }: Incoming, url: string): JsonObject {
  if (text.trim() === "") return {};
  let body: unknown;
  try {
    body = parseJson(text);
  } catch (error) {
    throw new ServerError(`The answer of ${url} is not JSON: is that the address of the server?`, { cause: error });
  }
  if (!isObject(body)) throw new ServerError(`The answer of ${url} is not a JSON object.`);
  return body;
}
