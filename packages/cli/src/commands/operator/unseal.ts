// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { text, toggle } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { enterKey } from "../../input/key-entry.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";
import { sealStatusResult } from "../../views/seal-status.ts";

const NO_TERMINAL =
  "An error occurred attempting to ask for an unseal key. The raw error message is shown below, but usually this is " +
  "because you attempted to pipe a value into the unseal command or you are executing outside of a terminal (tty). " +
  "You should run the unseal command from a terminal for maximum security. If this is not an option, the unseal key " +
  'can be provided on standard input with "-" as the first argument to the unseal command.';

export const operatorUnseal = defineCommand({
  path: "operator unseal",
  synopsis: "Give one unseal key share",
  argumentsUsage: "[KEY]",
  argumentCount: { min: 0, max: 1 },
  description:
    "Gives the server one unseal key share (hex or base64). Without an argument the share is asked for and not shown " +
    'while it is typed; with "-" it is read from standard input. A share given as an argument works, too, and stays ' +
    "in the shell's history.",
  examples: ["operator unseal", "operator unseal -  < share.txt", "operator unseal -reset"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    reset: toggle({ name: "reset", usage: "Forget the shares given so far." }),
    migrate: toggle({
      name: "migrate",
      usage: "Give the share for the migration to the seal that the server's configuration has, as Vault does it.",
    }),
    seal: text({
      name: "seal",
      placeholder: "name",
      usage: "The share is of the officers' seal of that name, which opens the store when no other one does.",
    }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    if (flags.reset) {
      const answer = await during("Error resetting unseal process", () =>
        client.request("PUT", "sys/unseal", { body: { reset: true } }),
      );
      show(io, format, await sealStatusResult(client, answer));
      return exitCode.ok;
    }
    const key = await enterKey(args[0], io, {
      prompt: "Unseal Key (will be hidden): ",
      noTerminal: NO_TERMINAL,
      nonInteractive: flags.nonInteractive,
    });
    if (key === "") throw new UsageError("The unseal key is empty.");
    const answer = await during("Error unsealing", () =>
      client.request("PUT", "sys/unseal", { body: { key, reset: false, migrate: flags.migrate, seal: flags.seal } }),
    );
    show(io, format, await sealStatusResult(client, answer));
    return exitCode.ok;
  },
});
