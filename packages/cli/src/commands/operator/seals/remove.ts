// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { during, exitCode } from "../../../errors.ts";
import { connect } from "../../../http/client.ts";
import { apiFlags } from "../../../http/settings.ts";
import { say } from "../../../io.ts";
import { paragraph } from "../../../output/wrap.ts";
import { force } from "./risk-flags.ts";

const AFTER =
  "It opens this storage no more. What it wrapped before is in older backups still, and opens those: keep its key until " +
  "they are gone, or destroy both. If it has a block in the server's configuration, take that out and reload.";

export const operatorSealRemove = defineCommand({
  path: "operator seal remove",
  synopsis: "Take a seal out of the storage",
  argumentsUsage: "NAME",
  argumentCount: { min: 1, max: 1 },
  description:
    "Removes a seal, or a set of officers' shares, from the storage of the running server: a new root key that it never " +
    "gets, a new data key, and nothing of it left. It need not answer for that. Needs a token with sudo on " +
    "sys/seals/remove.",
  examples: ["operator seal remove old-hsm"],
  flags: { ...apiFlags, force },
  async run({ flags, args: [name], io }) {
    await during("Error removing the seal", () =>
      connect(flags, io).request("PUT", "sys/seals/remove", { body: { name, force: flags.force } }),
    );
    say(io, `Success! Removed the seal ${name}.\n`);
    say(io, paragraph(AFTER));
    return exitCode.ok;
  },
});
