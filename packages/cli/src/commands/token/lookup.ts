// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { text, toggle } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { argumentOrStdin } from "../../input/key-entry.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showSecret } from "../../views/secret.ts";

export const tokenLookup = defineCommand({
  path: "token lookup",
  synopsis: "Show what a token is",
  argumentsUsage: "[TOKEN | ACCESSOR]",
  argumentCount: { min: 0, max: 1 },
  description: 'Shows the policies and the life of a token: of the present one unless another is given ("-": stdin).',
  examples: ["token lookup", "token lookup -accessor ACCESSOR"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    accessor: toggle({ name: "accessor", usage: "The argument is an accessor, not a token." }),
    field: text({ name: "field", usage: "Print only this field." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const given = await argumentOrStdin(args[0], io);
    if (flags.accessor && given === undefined) throw new UsageError("Missing accessor");
    const client = connect(flags, io);
    const answer = await during("Error looking up token", () => {
      if (given === undefined) return client.request("GET", "auth/token/lookup-self");
      return flags.accessor
        ? client.request("POST", "auth/token/lookup-accessor", { body: { accessor: given } })
        : client.request("POST", "auth/token/lookup", { body: { token: given } });
    });
    showSecret(io, format, answer, flags.field);
    return exitCode.ok;
  },
});
