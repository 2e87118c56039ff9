// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { during, exitCode } from "../../../errors.ts";
import { connect } from "../../../http/client.ts";
import { apiFlags } from "../../../http/settings.ts";
import { say } from "../../../io.ts";
import { acceptWeaker } from "./risk-flags.ts";

export const operatorSealAdd = defineCommand({
  path: "operator seal add",
  synopsis: "Give a configured seal the root key",
  argumentsUsage: "NAME",
  argumentCount: { min: 1, max: 1 },
  description:
    "Adds a seal to those that open the storage of the running server. Its block must be in the server's configuration, " +
    "which is read anew after SIGHUP or a write to sys/config/reload/seals. The seal proves itself by a round trip " +
    "first. Any one seal opens the storage, so the whole is as strong as the weakest of them. Needs a token with sudo on " +
    "sys/seals/add.",
  examples: ["operator seal add spare"],
  flags: { ...apiFlags, acceptWeaker },
  async run({ flags, args: [name], io }) {
    await during("Error adding the seal", () =>
      connect(flags, io).request("PUT", "sys/seals/add", { body: { name, accept_weaker: flags.acceptWeaker } }),
    );
    say(io, `Success! Added the seal ${name}: it opens the storage alone from now on.`);
    return exitCode.ok;
  },
});
