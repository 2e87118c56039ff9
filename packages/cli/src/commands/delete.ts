// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { during, exitCode } from "../errors.ts";
import { connect } from "../http/client.ts";
import { apiFlags } from "../http/settings.ts";
import { say } from "../io.ts";
import { formatFlags, outputFormat } from "../output/format.ts";
import { showSecret } from "../views/secret.ts";

export const deletePath = defineCommand({
  path: "delete",
  synopsis: "Delete any path",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "Deletes an API path.",
  examples: ["delete kv1/app/db"],
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const path = args[0]!;
    const answer = await during(`Error deleting ${path}`, () => connect(flags, io).request("DELETE", path));
    if (answer.text !== "") showSecret(io, format, answer, undefined);
    else if (format === "table") say(io, `Success! Data deleted (if it existed) at: ${path}`);
    return exitCode.ok;
  },
});
