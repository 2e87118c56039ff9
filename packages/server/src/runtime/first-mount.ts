// SPDX-License-Identifier: Apache-2.0
import { callLocally } from "./local-call.ts";
import type { RunningServer } from "./server.ts";
import { StartupError } from "./startup-error.ts";

/** Mounts key/value of `version` at `secret/`, where Vault's guides have it, for people who try things out. */
export async function mountSecrets(server: RunningServer, token: string, version: "1" | "2"): Promise<void> {
  const body = { type: "kv", description: "key/value secret storage", options: { version } };
  const answer = await callLocally(server, { path: "sys/mounts/secret", token, body });
  if (answer.status !== 204) throw new StartupError(`mounting secret/ failed: ${answer.json}`);
}
