// SPDX-License-Identifier: Apache-2.0
/** A server on files with an audit file, spoken to through its dispatcher, and stopped after the test. */
import { join } from "node:path";
import { afterEach } from "vitest";
import { parseDocument, readConfig } from "../../../src/config/index.ts";
import type { Method } from "../../../src/http/api.ts";
import { problem, toHttpError } from "../../../src/http/problem.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { type RunningServer, startServer } from "../../../src/runtime/server.ts";

/** Some other field of an answer. */
export type Body = Readonly<Record<string, unknown>> & {
  readonly keys_base64?: readonly string[];
  readonly root_token?: string;
  readonly nonce?: string;
  readonly errors?: readonly string[];
};

export interface Audited {
  readonly server: RunningServer;
  readonly path: string;
  readonly log: string[];
  call(method: Method, path: string, body?: object, token?: string): Promise<{ status: number; body: Body }>;
  stop(): Promise<void>;
}

const running = new Set<Audited>();

afterEach(async () => {
  for (const each of [...running]) await each.stop();
});

export const STATIC = `seal "static" {\n  current_key = "${"11".repeat(32)}"\n  current_key_id = "test"\n}\n`;

/** The configuration of a server in `folder`: Shamir unless `seal` says otherwise. */
export function configText(folder: string, seal = ""): string {
  return `storage "file" {
  path = ${JSON.stringify(join(folder, "data"))}
}
listener "tcp" {
  address = "127.0.0.1:0"
  tls_disable = true
}
audit "file" {
  path = ${JSON.stringify(join(folder, "audit.log"))}
}
${seal}`;
}

export async function startAudited(folder: string, seal = ""): Promise<Audited> {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => void lines.push(line) });
  const { config } = readConfig([parseDocument(configText(folder, seal), "test.hcl")], {});
  const server = await startServer(config, {}, log);
  const audited: Audited = {
    server,
    path: join(folder, "audit.log"),
    log: lines,
    async call(method, path, body, token) {
      const [name = "", query] = path.split("?");
      const request = {
        ...{ method, path: name, query: new URLSearchParams(query), token, remoteAddress: "192.0.2.7" },
        text: body === undefined ? "" : JSON.stringify(body),
        signal: new AbortController().signal,
      };
      const answer = await server.dispatch(request).catch((error: unknown) => problem(toHttpError(error)));
      return { status: answer.status, body: answer.json === undefined ? {} : (JSON.parse(answer.json) as Body) };
    },
    async stop() {
      if (running.delete(audited)) await server.stop();
    },
  };
  running.add(audited);
  return audited;
}

/** An initialised and unsealed Shamir server with two shares, both needed. */
export async function unsealedShamir(folder: string): Promise<{ on: Audited; keys: readonly string[]; root: string }> {
  const on = await startAudited(folder);
  const { body } = await on.call("PUT", "sys/init", { secret_shares: 2, secret_threshold: 2 });
  const { keys_base64: keys = [], root_token: root = "" } = body;
  await unseal(on, keys);
  return { on, keys, root };
}

export async function unseal(on: Audited, keys: readonly string[]): Promise<void> {
  for (const key of keys) await on.call("PUT", "sys/unseal", { key });
  if (on.server.store.sealed) throw new Error("still sealed");
}
