// SPDX-License-Identifier: Apache-2.0
/** A server with the seals of a text, on a memory or given storage, asked without a socket in between. */
import { afterEach } from "vitest";
import { parseDocument, readConfig } from "../../src/config/index.ts";
import type { ApiRequest } from "../../src/http/api.ts";
import { toHttpError } from "../../src/http/problem.ts";
import { banner } from "../../src/runtime/banner.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type RunningServer, startServer } from "../../src/runtime/server.ts";

/** A static seal's block; its key is made of the key id unless given. */
export function staticSeal(name: string, keyId: string, more = "", from = keyId): string {
  const key = Buffer.alloc(32, from).toString("hex");
  return `seal "static" {\n  name = "${name}"\n  current_key_id = "${keyId}"\n  current_key = "${key}"\n  ${more}\n}\n`;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A running server. */
export interface SealsServer {
  readonly running: RunningServer;
  readonly lines: string[];
  readonly banner: string;
  /** What the next reload reads. */
  configure(seals: string): void;
  call(method: ApiRequest["method"], path: string, body?: object, token?: string): Promise<Answer>;
}

const started: RunningServer[] = [];

/** Stops all that a test started: by itself when the test ends, and before where a folder is removed. */
export async function stopStarted(): Promise<void> {
  for (const server of started.splice(0)) await server.stop();
}
afterEach(stopStarted);

/** The configuration of `seals` in front of `storage`. */
export function configOf(seals: string, storage = '"inmem" {}', env: NodeJS.ProcessEnv = {}) {
  const text = `${seals}\nstorage ${storage}\nlistener "tcp" {\n  address = "127.0.0.1:0"\n  tls_disable = true\n}`;
  return readConfig([parseDocument(text, "c.hcl")], env).config;
}

/** Starts one. It is stopped when the test ends, unless that was done before. */
export async function startSeals(seals: string, storage?: string): Promise<SealsServer> {
  const lines: string[] = [];
  let present = seals;
  const log = createLog({ level: "info", format: "standard", write: (line) => lines.push(line) });
  const config = configOf(seals, storage);
  const running = await startServer(config, {}, log, { readSeals: () => configOf(present, storage).seal });
  started.push(running);
  return {
    running,
    lines,
    configure: (other) => {
      present = other;
    },
    banner: banner(config, running),
    async call(method, path, body = {}, token) {
      const request = {
        method,
        path,
        query: new URLSearchParams(),
        text: JSON.stringify(body),
        token,
        remoteAddress: "",
        signal: new AbortController().signal,
      };
      try {
        const { status, json = "{}" } = await running.dispatch(request);
        return { status, body: JSON.parse(json) as Record<string, unknown> };
      } catch (error) {
        const { status, errors } = toHttpError(error);
        return { status, body: { errors } };
      }
    },
  };
}

/** Stops one before its test ends. */
export async function stopSeals({ running }: SealsServer): Promise<void> {
  started.splice(started.indexOf(running), 1);
  await running.stop();
}

/** Initialises it; answers the root token. */
export async function initialize(server: SealsServer, numbers: object = {}): Promise<string> {
  const { body } = await server.call("PUT", "sys/init", numbers);
  return String(body.root_token);
}
