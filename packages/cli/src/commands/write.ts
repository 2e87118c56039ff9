// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { during, exitCode, UsageError } from "../errors.ts";
import { text, toggle } from "../flags/flag.ts";
import { connect } from "../http/client.ts";
import { apiFlags } from "../http/settings.ts";
import { parseData } from "../input/pairs.ts";
import { say } from "../io.ts";
import { formatFlags, outputFormat } from "../output/format.ts";
import { showSecret } from "../views/secret.ts";

export const write = defineCommand({
  path: "write",
  synopsis: "Write to any path",
  argumentsUsage: "PATH [key=value ...]",
  argumentCount: { min: 1, max: Number.POSITIVE_INFINITY },
  description:
    'Writes to an API path. A value is read from standard input when it is "-" and from a file when it is "@FILE"; so ' +
    "is a whole JSON object given without a key.",
  examples: ["write sys/rotate/config interval=48h max_operations=2000000"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    field: text({ name: "field", usage: "Print only this field, without a newline when the output is no terminal." }),
    force: toggle({ name: "force", aliases: ["f"], usage: "Write although there are no values." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const [path, ...pairs] = args as [string, ...string[]];
    const data = await parseData(pairs, io);
    if (data.size === 0 && !flags.force) throw new UsageError("Must supply data or use -force");
    const answer = await during(`Error writing data to ${path}`, () =>
      connect(flags, io).request("PUT", path, { body: data }),
    );
    if (answer.text !== "") showSecret(io, format, answer, flags.field);
    else if (format === "table") say(io, `Success! Data written to: ${path}`);
    return exitCode.ok;
  },
});
