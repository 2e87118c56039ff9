// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from "node:timers/promises";
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { type Client, connect } from "../../http/client.ts";
import { booleanField, listField, numberField, objectField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { say, warn } from "../../io.ts";
import type { JsonObject } from "../../output/json-text.ts";

const PATH = "sys/sealwrap/rewrap";
const POLL_MS = 200;

export const sealRewrap = defineCommand({
  path: "seal rewrap",
  synopsis: "Wrap what is under the seals anew, by their present keys",
  description:
    "Wraps the root key, the recovery key and all seal-wrapped entries anew, by the present key or key version of each " +
    "seal, and waits until that is done: an older version holds nothing of this storage then, which seal status shows. " +
    "Needs a token with sudo on sys/sealwrap/rewrap. The exit code is 2 when an entry was not rewrapped: it stays " +
    "readable as it was.",
  flags: apiFlags,
  async run({ flags, io }) {
    const client = connect(flags, io);
    const done = await during("Error rewrapping", async () => {
      const started = await client.request("PUT", PATH);
      for (const warning of listField(started.body, "warnings")) warn(io, `Warning: ${String(warning)}`);
      return finished(client);
    });
    const entries = objectField(done, "entries") ?? {};
    const failed = numberField(entries, "failed");
    if (failed > 0) throw new ServerError(`${failed} entries were not rewrapped: the server's log says why.`);
    say(io, `Success! Rewrapped ${numberField(entries, "succeeded")} entries.`);
    return exitCode.ok;
  },
});

async function finished(client: Client): Promise<JsonObject> {
  for (;;) {
    const status = objectField((await client.request("GET", PATH)).body, "data") ?? {};
    if (!booleanField(status, "is_running")) return status;
    await pause(POLL_MS);
  }
}
