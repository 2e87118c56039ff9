// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { text } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { findKvTarget, mountFlags, requireVersion2 } from "../../kv/target.ts";
import { parseVersions } from "../../kv/versions.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";

export const kvDelete = defineCommand({
  path: "kv delete",
  synopsis: "Delete a secret, or versions of it",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description:
    "Deletes a secret (KV 1), or marks its current version or the named ones as deleted (KV 2), from which undelete " +
    "brings them back.",
  examples: ["kv delete -mount=secret app/db", "kv delete -mount=secret -versions=1,2 app/db"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    ...mountFlags,
    versions: text({ name: "versions", placeholder: "number,...", usage: "KV 2: the versions to delete." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0]!);
    const apiPath = target.path("data");
    if (flags.versions === undefined) {
      await during(`Error deleting ${apiPath}`, () => client.request("DELETE", apiPath));
    } else {
      requireVersion2(target, "-versions");
      const body = { versions: parseVersions(flags.versions) };
      await during(`Error deleting ${apiPath}`, () => client.request("PUT", target.path("delete"), { body }));
    }
    if (format === "table") say(io, `Success! Data deleted (if it existed) at: ${apiPath}`);
    return exitCode.ok;
  },
});
