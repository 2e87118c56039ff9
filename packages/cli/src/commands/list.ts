// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { during, exitCode, ServerError } from "../errors.ts";
import { readIfPresent } from "../http/absent.ts";
import { connect } from "../http/client.ts";
import { apiFlags } from "../http/settings.ts";
import { formatFlags, outputFormat, show } from "../output/format.ts";
import { keyListResult } from "../views/list.ts";

export const list = defineCommand({
  path: "list",
  synopsis: "List the names under any path",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "Lists the names under an API path; a name that ends in a slash has more under it.",
  examples: ["list secret/metadata/"],
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const path = args[0]!;
    const answer = await during(`Error listing ${path}`, () =>
      readIfPresent(connect(flags, io), path, { query: { list: "true" } }),
    );
    const result = keyListResult(answer);
    if (result === undefined) throw new ServerError(`No value found at ${path}`);
    show(io, format, result);
    return exitCode.ok;
  },
});
