// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { text, toggle } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { argumentOrStdin } from "../../input/key-entry.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showSecret } from "../../views/secret.ts";

export const tokenRenew = defineCommand({
  path: "token renew",
  synopsis: "Let a token live longer",
  argumentsUsage: "[TOKEN | ACCESSOR]",
  argumentCount: { min: 0, max: 1 },
  description: 'Renews a token: the present one unless another is given ("-": standard input).',
  examples: ["token renew", "token renew -increment=1h"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    accessor: toggle({ name: "accessor", usage: "The argument is an accessor, not a token." }),
    increment: text({
      name: "increment",
      aliases: ["i"],
      placeholder: "duration",
      usage: "How long to ask for; the server may give less.",
    }),
    field: text({ name: "field", usage: "Print only this field." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const given = await argumentOrStdin(args[0], io);
    if (flags.accessor && given === undefined) throw new UsageError("Missing accessor");
    const client = connect(flags, io);
    const { increment } = flags;
    const answer = await during("Error renewing token", () => {
      if (given === undefined) return client.request("PUT", "auth/token/renew-self", { body: { increment } });
      return flags.accessor
        ? client.request("PUT", "auth/token/renew-accessor", { body: { accessor: given, increment } })
        : client.request("PUT", "auth/token/renew", { body: { token: given, increment } });
    });
    showSecret(io, format, answer, flags.field);
    return exitCode.ok;
  },
});
