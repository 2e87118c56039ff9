// SPDX-License-Identifier: Apache-2.0
/** A server for ceremonies: under shares or under a static seal, spoken to as by clients at several addresses. */
import { parseDocument, readConfig } from "../../src/config/index.ts";
import type { ApiResponse, Method } from "../../src/http/api.ts";
import { problem, toHttpError } from "../../src/http/problem.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type RunningServer, startServer } from "../../src/runtime/server.ts";

export type SealKind = "shamir" | "static";

const SEALS: Readonly<Record<SealKind, string>> = {
  shamir: 'seal "shamir" {}',
  static: `seal "static" {
    current_key = "${"1f".repeat(32)}"
    current_key_id = "test"
  }`,
};

/** An answer's body, of which tests know the shape. */
export type Body = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: Body;
  /** The first sentence of a refusal. */
  readonly error: string;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly token?: string;
  readonly query?: string;
  readonly from?: string;
}

export interface TestServer {
  readonly running: RunningServer;
  readonly log: string[];
  call(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  /** As `call`, and throws unless the answer is one of success. */
  ok(method: Method, path: string, options?: CallOptions): Promise<Body>;
  /** As the network would, without saying that the answer arrived. */
  raw(method: Method, path: string, options?: CallOptions): Promise<ApiResponse>;
}

export async function startTestServer(seal: SealKind, folder?: string): Promise<TestServer> {
  const storage = folder === undefined ? 'storage "inmem" {}' : `storage "file" { path = ${JSON.stringify(folder)} }`;
  const listener = 'listener "tcp" {\n address = "127.0.0.1:0"\n tls_disable = true\n}';
  const text = `${storage}\n${listener}\n${SEALS[seal]}`;
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "standard", write: (line) => lines.push(line) });
  const running = await startServer(readConfig([parseDocument(text, "test.hcl")], {}).config, {}, log);
  const raw: TestServer["raw"] = (method, path, { body, token, query = "", from = "192.0.2.1" } = {}) =>
    running.dispatch({
      method,
      path,
      query: new URLSearchParams(query),
      text: body === undefined ? "" : JSON.stringify(body),
      token,
      contentType: "application/json",
      remoteAddress: from,
      signal: new AbortController().signal,
    });
  const call: TestServer["call"] = async (method, path, options) => {
    const response = await raw(method, path, options).catch((error: unknown) => {
      const refusal = toHttpError(error);
      if (refusal.message.startsWith("internal error")) throw error;
      return problem(refusal);
    });
    response.onDelivered?.();
    const body = response.json === undefined ? {} : (JSON.parse(response.json) as Body);
    return { status: response.status, body, error: String((body as { errors?: unknown[] }).errors?.[0] ?? "") };
  };
  const ok: TestServer["ok"] = async (method, path, options) => {
    const { status, body } = await call(method, path, options);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  return { running, log: lines, call, ok, raw };
}

/** What a server that was initialised has handed out. */
export interface Holders {
  readonly keys: readonly string[];
  readonly root: string;
}

/** Initialises with 3 shares and threshold 2 unless told otherwise, and unseals. */
export async function initialized(server: TestServer, seal: SealKind, shares = 3, threshold = 2): Promise<Holders> {
  const names = seal === "shamir" ? ["secret_shares", "secret_threshold"] : ["recovery_shares", "recovery_threshold"];
  const body = Object.fromEntries([
    [names[0], shares],
    [names[1], threshold],
  ]);
  const init = await server.ok("PUT", "sys/init", { body });
  const keys = (seal === "shamir" ? init.keys : init.recovery_keys) as string[];
  if (seal === "shamir") await unseal(server, keys.slice(0, threshold));
  return { keys, root: String(init.root_token) };
}

export async function unseal(server: TestServer, keys: readonly string[]): Promise<Answer> {
  let answer: Answer | undefined;
  for (const key of keys) answer = await server.call("PUT", "sys/unseal", { body: { key } });
  if (answer === undefined) throw new Error("no key was given");
  return answer;
}

/** Submits keys to `path` under `nonce`; the last answer. */
export async function submit(
  server: TestServer,
  path: string,
  nonce: unknown,
  keys: readonly string[],
  token?: string,
): Promise<Answer> {
  let answer: Answer | undefined;
  for (const key of keys) {
    answer = await server.call("PUT", path, { body: { key, nonce }, ...(token === undefined ? {} : { token }) });
  }
  if (answer === undefined) throw new Error("no key was given");
  return answer;
}
