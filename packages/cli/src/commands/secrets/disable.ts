// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { mountPath } from "./mount-path.ts";

export const secretsDisable = defineCommand({
  path: "secrets disable",
  synopsis: "Unmount a secrets engine and delete its data",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "Unmounts the secrets engine at a path. Everything in it is deleted and cannot be had back.",
  flags: apiFlags,
  async run({ flags, args, io }) {
    const path = mountPath(args[0]!);
    await during(`Error disabling secrets engine at ${path}`, () =>
      connect(flags, io).request("DELETE", `sys/mounts/${path.slice(0, -1)}`),
    );
    say(io, `Success! Disabled the secrets engine (if it existed) at: ${path}`);
    return exitCode.ok;
  },
});
