// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { readIfPresent } from "../../http/absent.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { findKvTarget, mountFlags } from "../../kv/target.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";
import { keyListResult } from "../../views/list.ts";

export const kvList = defineCommand({
  path: "kv list",
  synopsis: "List the names under a path",
  argumentsUsage: "[PATH]",
  argumentCount: { min: 0, max: 1 },
  description: "Lists the names under a path; a name that ends in a slash has more under it.",
  examples: ["kv list -mount=secret", "kv list -mount=secret app"],
  flags: { ...apiFlags, ...formatFlags, ...mountFlags },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0] ?? "");
    const apiPath = target.path("metadata");
    const answer = await during(`Error listing ${apiPath}`, () =>
      readIfPresent(client, apiPath, { query: { list: "true" } }),
    );
    const result = keyListResult(answer);
    if (result === undefined) throw new ServerError(`No value found at ${apiPath}`);
    show(io, format, result);
    return exitCode.ok;
  },
});
