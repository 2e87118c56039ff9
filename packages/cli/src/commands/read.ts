// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { during, exitCode, ServerError } from "../errors.ts";
import { text } from "../flags/flag.ts";
import { readIfPresent } from "../http/absent.ts";
import { connect } from "../http/client.ts";
import { apiFlags } from "../http/settings.ts";
import { parsePairs } from "../input/pairs.ts";
import { formatFlags, outputFormat } from "../output/format.ts";
import { showSecret } from "../views/secret.ts";

export const read = defineCommand({
  path: "read",
  synopsis: "Read any path",
  argumentsUsage: "PATH [key=value ...]",
  argumentCount: { min: 1, max: Number.POSITIVE_INFINITY },
  description: "Reads an API path; key=value arguments become query parameters.",
  examples: ["read sys/rotate/config"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    field: text({ name: "field", usage: "Print only this field, without a newline when the output is no terminal." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const [path, ...pairs] = args as [string, ...string[]];
    const answer = await during(`Error reading ${path}`, () =>
      readIfPresent(connect(flags, io), path, { query: parsePairs(pairs) }),
    );
    if (answer === undefined) throw new ServerError(`No value found at ${path}`);
    showSecret(io, format, answer, flags.field);
    return exitCode.ok;
  },
});
