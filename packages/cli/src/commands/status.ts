// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { CommandError, exitCode, ServerError } from "../errors.ts";
import { connect } from "../http/client.ts";
import { booleanField } from "../http/fields.ts";
import { apiFlags } from "../http/settings.ts";
import { formatFlags, outputFormat, show } from "../output/format.ts";
import { sealStatusResult } from "../views/seal-status.ts";

export const status = defineCommand({
  path: "status",
  synopsis: "Show whether the server is sealed",
  description:
    "Shows the seal's type and state. The exit code is 0 when the server is unsealed, 2 when it is sealed and 1 when " +
    "its state cannot be read.",
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    try {
      const answer = await client.request("GET", "sys/seal-status");
      show(io, format, await sealStatusResult(client, answer));
      return booleanField(answer.body, "sealed") ? exitCode.server : exitCode.ok;
    } catch (error) {
      // Here 2 means sealed, so a server that cannot be asked is told by 1.
      if (!(error instanceof ServerError)) throw error;
      throw new CommandError(`Error checking seal status: ${error.message}`, exitCode.local, { cause: error });
    }
  },
});
