// SPDX-License-Identifier: Apache-2.0
/** `npm start`: a server for the first half hour. LMDB below `./data`, a static key below `./keys`, both made once. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SealedStore } from "@sealwright/core";
import { parseDocument, readConfig, type ServerConfig } from "../config/index.ts";
import { initializeEmpty } from "./initialize-empty.ts";
import type { RunningServer } from "./server.ts";
import { StartupError } from "./startup-error.ts";

const DATA = "data";
const KEY = join("keys", "static.key");

/** What `npm start` runs with, as it could stand in a file. */
export const QUICKSTART_CONFIG = `storage "lmdb" {
  path = "./${DATA}"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "static" {
  current_key_id = "quickstart"
  current_key    = "file://./${KEY}"
}
`;

/** Whether the data folder holds anything. Throws `StartupError` where it cannot be read, or is no folder. */
function hasData(): boolean {
  try {
    return readdirSync(DATA).length > 0;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return false;
    throw new StartupError(`cannot read ${DATA} (${code}): it must be a folder of this user`, { cause });
  }
}

/** Makes the key file (64 hex digits, mode 0600) unless it is there. A key is never made beside existing data. */
function ensureKey(): void {
  if (existsSync(KEY)) return;
  if (hasData()) {
    throw new StartupError(
      `the folder ${DATA} is sealed with ${KEY}, and that file is missing: put it back, or remove ${DATA} to start anew`,
    );
  }
  try {
    mkdirSync(dirname(KEY), { recursive: true, mode: 0o700 });
    writeFileSync(KEY, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new StartupError(`cannot write ${KEY} (${code}): this folder must be writable by this user`, { cause });
  }
}

/** The configuration, with the key file in place. Throws `StartupError`. */
export function quickstartConfig(env: NodeJS.ProcessEnv): ServerConfig {
  ensureKey();
  return readConfig([parseDocument(QUICKSTART_CONFIG, "quickstart.hcl")], env).config;
}

/**
 * Unseals a store that has data, before anything listens. Throws what unsealing throws: with a local key there is nothing
 * to wait for, and nobody should see a server start that then ends.
 */
export async function unsealExisting(store: SealedStore): Promise<void> {
  if ((await store.status()).initialized) await store.unseal();
}

/** Initialises a server that {@link unsealExisting} left sealed; answers what to show of it, the keys this once. */
export async function firstRun(server: RunningServer): Promise<string> {
  if (!server.store.sealed) return "Unsealed.\n";
  const { recovery_keys_base64, root_token } = await initializeEmpty(server);
  const [url] = server.urls;
  return [
    "Initialised and unsealed. Keep what follows: it is shown this once.",
    "",
    ...recovery_keys_base64.map((key, index) => `Recovery Key ${index + 1}: ${key}`),
    "",
    `Initial Root Token: ${root_token}`,
    "",
    `Three of the five recovery keys allow what a token does not, such as a rekey. The storage itself is opened by`,
    `${KEY}: keep a copy of that file apart from copies of ${DATA}/.`,
    "",
    `Address: ${url}`,
    "",
    "To try next, in another terminal in this folder:",
    "",
    `  export VAULT_ADDR=${url} VAULT_TOKEN=${root_token}`,
    "  npx sealwright status",
    "  npx sealwright kv put secret/hello who=world",
    "  npx sealwright kv get secret/hello",
    "",
  ].join("\n");
}
