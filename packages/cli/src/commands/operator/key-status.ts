// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";
import { keyStatusResult } from "../../views/key-status.ts";

export const operatorKeyStatus = defineCommand({
  path: "operator key-status",
  synopsis: "Show the active data key's term",
  description:
    "Shows the term of the data key that encrypts now, when it was made and how often it has encrypted. Needs a token " +
    "with read on sys/key-status.",
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const answer = await during("Error reading key status", () => connect(flags, io).request("GET", "sys/key-status"));
    show(io, format, keyStatusResult(answer));
    return exitCode.ok;
  },
});
