// SPDX-License-Identifier: Apache-2.0
import { callLocally } from "./local-call.ts";
import type { RunningServer } from "./server.ts";
import { StartupError } from "./startup-error.ts";

/** What `sys/init` answers for an auto-sealed store. */
export interface InitAnswer {
  readonly recovery_keys_base64: readonly string[];
  readonly root_token: string;
}

/** Initialises an auto-sealed server with five recovery keys, three of them needed, through its own API. */
export async function initializeEmpty(server: RunningServer): Promise<InitAnswer> {
  const answer = await callLocally(server, {
    path: "sys/init",
    body: { recovery_shares: 5, recovery_threshold: 3 },
  });
  if (answer.status !== 200) throw new StartupError(`initialising failed: ${answer.json}`);
  return JSON.parse(answer.json ?? "") as InitAnswer;
}
