// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { choice, integer, text, texts } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { parsePairs } from "../../input/pairs.ts";
import { say } from "../../io.ts";
import { findKvTarget, mountFlags, requireVersion2 } from "../../kv/target.ts";

export const kvMetadataPut = defineCommand({
  path: "kv metadata put",
  synopsis: "Set a secret's settings",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "KV 2: sets how many versions are kept, whether writes need -cas, and remarks. It writes no values.",
  examples: ["kv metadata put -mount=secret -max-versions=5 app/db"],
  flags: {
    ...apiFlags,
    ...mountFlags,
    maxVersions: integer({ name: "max-versions", usage: "How many versions are kept; 0 for the mount's setting." }),
    casRequired: choice({ name: "cas-required", of: ["true", "false"], usage: "Whether every write must name -cas." }),
    deleteVersionAfter: text({
      name: "delete-version-after",
      placeholder: "duration",
      usage: "How long a version lives.",
    }),
    customMetadata: texts({
      name: "custom-metadata",
      placeholder: "key=value",
      usage: "A remark; may be given several times.",
    }),
  },
  async run({ flags, args, io }) {
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0]!);
    requireVersion2(target, "kv metadata put");
    const apiPath = target.path("metadata");
    const body = {
      max_versions: flags.maxVersions,
      cas_required: flags.casRequired === undefined ? undefined : flags.casRequired === "true",
      delete_version_after: flags.deleteVersionAfter,
      custom_metadata: flags.customMetadata.length === 0 ? undefined : parsePairs(flags.customMetadata),
    };
    await during(`Error writing data to ${apiPath}`, () => client.request("PUT", apiPath, { body }));
    say(io, `Success! Data written to: ${apiPath}`);
    return exitCode.ok;
  },
});
