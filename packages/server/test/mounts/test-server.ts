// SPDX-License-Identifier: Apache-2.0
/** A server of its own for a test file: on a free port, initialised and unsealed, asked by HTTP. */
import { parseDocument, readConfig } from "../../src/config/index.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type RunningServer, startServer } from "../../src/runtime/server.ts";

const KEY = "0f".repeat(32);

export interface Answer {
  readonly status: number;
  /** As received. */
  readonly text: string;
  /** Parsed; null where there was none. */
  readonly body: unknown;
}

export interface Call {
  /** As text it is sent as it is. */
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly server: RunningServer;
  readonly rootToken: string;
  readonly url: string;
  /** A request with the root token unless told otherwise. `path` is below `/v1/`, sent as it is. */
  ask(method: string, path: string, call?: Call): Promise<Answer>;
}

export function testConfig(storage: string) {
  const text = `storage ${storage}
listener "tcp" {
  address     = "127.0.0.1:0"
  tls_disable = true
}
seal "static" {
  current_key_id = "test"
  current_key    = "${KEY}"
}`;
  return readConfig([parseDocument(text, "test.hcl")], {}).config;
}

/** What stands at a dotted path in an answer's body. */
export function at(answer: Answer, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], answer.body);
}

/** `storage` is the rest of the configuration's storage line. A storage that has data keeps its `rootToken`. */
export async function startTestServer(storage = '"inmem" {}', rootToken = ""): Promise<TestServer> {
  const log = createLog({ level: "off", format: "json", write: () => {} });
  const server = await startServer(testConfig(storage), {}, log);
  const url = server.urls[0] ?? "";
  let root = rootToken;
  const ask: TestServer["ask"] = async (method, path, { body, token = root, headers } = {}) => {
    const patch = method === "PATCH" ? { "Content-Type": "application/merge-patch+json" } : {};
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      redirect: "manual",
      headers: { ...(token === "" ? {} : { "X-Vault-Token": token }), ...patch, ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, body: (text === "" ? null : JSON.parse(text)) as unknown };
  };
  if ((await server.store.status()).initialized) await server.store.unseal();
  else root = String(at(await ask("PUT", "sys/init", { body: {} }), "root_token"));
  return { server, rootToken: root, url, ask };
}
