// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../command.ts";
import { during, exitCode, UsageError } from "../errors.ts";
import { text } from "../flags/flag.ts";
import { connect } from "../http/client.ts";
import { apiFlags } from "../http/settings.ts";
import { say } from "../io.ts";
import { formatFlags, outputFormat } from "../output/format.ts";
import { findKvTarget, mountFlags, requireVersion2 } from "./target.ts";
import { parseVersions } from "./versions.ts";

/** A command that names versions of a secret and writes them to an area of its mount. */
export function versionsCommand(about: {
  readonly area: "undelete" | "destroy";
  readonly synopsis: string;
  readonly description: string;
}): Command {
  return defineCommand({
    path: `kv ${about.area}`,
    synopsis: about.synopsis,
    argumentsUsage: "PATH",
    argumentCount: { min: 1, max: 1 },
    description: about.description,
    examples: [`kv ${about.area} -mount=secret -versions=1,2 app/db`],
    flags: {
      ...apiFlags,
      ...formatFlags,
      ...mountFlags,
      versions: text({ name: "versions", placeholder: "number,...", usage: "The versions." }),
    },
    async run({ flags, args, io }) {
      const format = outputFormat(flags.format, io.env);
      if (flags.versions === undefined) throw new UsageError("No versions provided, use the -versions flag");
      const versions = parseVersions(flags.versions);
      const client = connect(flags, io);
      const target = await findKvTarget(client, flags.mount, args[0]!);
      requireVersion2(target, `kv ${about.area}`);
      const apiPath = target.path(about.area);
      await during(`Error writing data to ${apiPath}`, () => client.request("PUT", apiPath, { body: { versions } }));
      if (format === "table") say(io, `Success! Data written to: ${apiPath}`);
      return exitCode.ok;
    },
  });
}
