// SPDX-License-Identifier: Apache-2.0
/** `server -dev`: everything in memory, unsealed from the start, gone at the end. */
import { randomBytes } from "node:crypto";
import { parseDocument, readConfig, type ServerConfig } from "../config/index.ts";
import { initializeEmpty } from "./initialize-empty.ts";
import { callLocally } from "./local-call.ts";
import type { RunningServer } from "./server.ts";
import { StartupError } from "./startup-error.ts";

/** What `-dev` can be told. */
export interface DevOptions {
  /** `host:port`; 127.0.0.1:8200 unless given. */
  readonly listenAddress?: string;
  /** The root token, instead of a random one. */
  readonly rootTokenId?: string;
}

/** A configuration in memory, under a static key that nobody else ever sees. Throws `ConfigError`. */
export function devConfig(options: DevOptions, env: NodeJS.ProcessEnv): ServerConfig {
  const text = `storage "inmem" {}
listener "tcp" {
  address     = ${JSON.stringify(options.listenAddress ?? "127.0.0.1:8200")}
  tls_disable = true
}
seal "static" {
  current_key_id = "dev"
  current_key    = "${randomBytes(32).toString("hex")}"
}
`;
  return readConfig([parseDocument(text, "-dev")], env).config;
}

async function createRootToken(server: RunningServer, parent: string, id: string): Promise<void> {
  const body = { id, policies: ["root"], no_parent: true };
  const answer = await callLocally(server, { path: "auth/token/create", token: parent, body });
  if (answer.status !== 200) throw new StartupError(`-dev-root-token-id was refused: ${answer.json}`);
}

/** Vault's guides for a dev server have key/value version 2 at `secret/`. */
async function mountVersion2(server: RunningServer, token: string): Promise<void> {
  const body = { type: "kv", description: "key/value secret storage", options: { version: "2" } };
  const answer = await callLocally(server, { path: "sys/mounts/secret", token, body });
  if (answer.status !== 204) throw new StartupError(`mounting secret/ failed: ${answer.json}`);
}

/** Initialises and unseals; answers what to show. */
export async function devRun(server: RunningServer, options: DevOptions): Promise<string> {
  const { root_token } = await initializeEmpty(server);
  await mountVersion2(server, root_token);
  const token = options.rootTokenId ?? root_token;
  if (token !== root_token) await createRootToken(server, root_token, token);
  return [
    "WARNING: -dev keeps everything in memory: it is gone when the server stops. Never use it for real secrets.",
    "",
    `  export VAULT_ADDR=${server.urls[0]}`,
    "",
    `Root Token: ${token}`,
    "",
    "",
  ].join("\n");
}
