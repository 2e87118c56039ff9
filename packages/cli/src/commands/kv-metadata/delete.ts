// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { findKvTarget, mountFlags, requireVersion2 } from "../../kv/target.ts";

export const kvMetadataDelete = defineCommand({
  path: "kv metadata delete",
  synopsis: "Delete a secret with all its versions",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "KV 2: deletes a secret with its settings and all its versions for good.",
  flags: { ...apiFlags, ...mountFlags },
  async run({ flags, args, io }) {
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0]!);
    requireVersion2(target, "kv metadata delete");
    const apiPath = target.path("metadata");
    await during(`Error deleting ${apiPath}`, () => client.request("DELETE", apiPath));
    say(io, `Success! Data deleted (if it existed) at: ${apiPath}`);
    return exitCode.ok;
  },
});
