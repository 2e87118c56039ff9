// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from "node:timers/promises";
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { type Client, connect } from "../../http/client.ts";
import { objectField, textField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { mountPath } from "./mount-path.ts";

const POLL_MS = 250;

export const secretsMove = defineCommand({
  path: "secrets move",
  synopsis: "Move a secrets engine to another path",
  argumentsUsage: "SOURCE DESTINATION",
  argumentCount: { min: 2, max: 2 },
  description: "Moves a secrets engine with its data to another path, and waits until that is done.",
  examples: ["secrets move secret/ team/secret/"],
  flags: apiFlags,
  async run({ flags, args, io }) {
    const [from, to] = args.map(mountPath) as [string, string];
    const client = connect(flags, io);
    await during(`Error moving secrets engine ${from} to ${to}`, async () => {
      const { body } = await client.request("POST", "sys/remount", { body: { from, to } });
      const id = textField(objectField(body, "data") ?? body, "migration_id");
      if (id !== "") await untilMoved(client, id);
    });
    say(io, `Success! Moved secrets engine from: ${from} to: ${to}`);
    return exitCode.ok;
  },
});

/** A server that moves in the background answers with an id to ask by. */
async function untilMoved(client: Client, id: string): Promise<void> {
  for (;;) {
    const { body } = await client.request("GET", `sys/remount/status/${id}`);
    const info = objectField(objectField(body, "data") ?? {}, "migration_info") ?? {};
    const state = textField(info, "status");
    if (state === "success") return;
    if (state !== "in-progress") throw new ServerError(`the server reports ${JSON.stringify(state)} for move ${id}`);
    await pause(POLL_MS);
  }
}
