// SPDX-License-Identifier: Apache-2.0
/** A server of its own for a test: in memory or in a folder, unsealed by a static seal, spoken to as by a client. */
import { parseDocument, readConfig } from "../../src/config/index.ts";
import type { Method } from "../../src/http/api.ts";
import { problem, toHttpError } from "../../src/http/problem.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type RunningServer, startServer } from "../../src/runtime/server.ts";

const KEY = "11".repeat(32);

/** What came back: the status and the parsed body. */
export interface Answer {
  readonly status: number;
  // The shape of an answer is what the tests are about.
  readonly body: Body;
}
export interface Body {
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[] | null;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly auth?: Auth | null;
}
export interface Auth {
  readonly client_token: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly metadata: unknown;
  readonly lease_duration: number;
  readonly renewable: boolean;
  readonly orphan: boolean;
  readonly token_type: string;
  readonly num_uses: number;
}

export interface CallOptions {
  /** The root token unless given; null for none. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly query?: string;
}

export interface TestServer {
  readonly server: RunningServer;
  readonly root: string;
  call(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a token by the root token, or by another. */
  create(fields: object, by?: string): Promise<Auth>;
  /** The text of a token that `create` makes. */
  token(fields: object, by?: string): Promise<string>;
  /** The status of a token's look at itself: 200 where it is valid. */
  lookup(token: string): Promise<number>;
  policy(name: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** A folder for storage in files; in memory without one. */
  readonly folder?: string;
  /** Of the server that initialised the folder; it is initialised anew without one. */
  readonly root?: string;
  /** More lines of configuration. */
  readonly config?: string;
}

const log = createLog({ level: "off", format: "standard", write: () => undefined });

async function start({ folder, config = "" }: TestServerOptions): Promise<RunningServer> {
  const storage = folder === undefined ? 'storage "inmem" {}' : `storage "file" { path = ${JSON.stringify(folder)} }`;
  const text = `${storage}
    listener "tcp" {
      address = "127.0.0.1:0"
      tls_disable = true
    }
    seal "static" {
      current_key = "${KEY}"
      current_key_id = "test"
    }
    ${config}`;
  return startServer(readConfig([parseDocument(text, "test.hcl")], {}).config, {}, log);
}

function textOf(body: unknown): string {
  if (body === undefined) return "";
  return typeof body === "string" ? body : JSON.stringify(body);
}

function calling(server: RunningServer, root: string): TestServer["call"] {
  return async (method, path, { token = root, body, query = "" } = {}) => {
    const request = {
      method,
      path,
      query: new URLSearchParams(query),
      text: textOf(body),
      token: token ?? undefined,
      remoteAddress: "127.0.0.1",
      contentType: "application/json",
      signal: new AbortController().signal,
    };
    const answer = await server.dispatch(request).catch((error: unknown) => {
      const refusal = toHttpError(error);
      if (refusal.status === 500) throw error;
      return problem(refusal);
    });
    return { status: answer.status, body: answer.json === undefined ? {} : (JSON.parse(answer.json) as Body) };
  };
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await start(options);
  let root = options.root ?? "";
  if (options.root === undefined) {
    const init = await calling(server, "")("PUT", "sys/init", { token: null, body: {} });
    root = String((init.body as { root_token?: unknown }).root_token);
  } else {
    await server.store.unseal();
  }
  const call = calling(server, root);
  const create = async (fields: object, by = root): Promise<Auth> => {
    const { status, body } = await call("POST", "auth/token/create", { token: by, body: fields });
    if (status !== 200 || !body.auth) throw new Error(`no token was made: ${status} ${JSON.stringify(body)}`);
    return body.auth;
  };
  return {
    server,
    root,
    call,
    create,
    token: async (fields, by) => (await create(fields, by)).client_token,
    lookup: async (token) => (await call("GET", "auth/token/lookup-self", { token })).status,
    policy: async (name, policy) => {
      const { status, body } = await call("PUT", `sys/policies/acl/${name}`, { body: { policy } });
      if (status !== 204) throw new Error(`no policy was written: ${status} ${JSON.stringify(body)}`);
    },
    stop: () => server.stop(),
  };
}
