// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";

export const policyDelete = defineCommand({
  path: "policy delete",
  synopsis: "Delete a policy",
  argumentsUsage: "NAME",
  argumentCount: { min: 1, max: 1 },
  description: "Deletes a policy; tokens that have it can do nothing by it from then on.",
  flags: apiFlags,
  async run({ flags, args, io }) {
    const name = args[0]!.toLowerCase().trim();
    await during(`Error deleting ${name}`, () => connect(flags, io).request("DELETE", `sys/policies/acl/${name}`));
    say(io, `Success! Deleted policy: ${name}`);
    return exitCode.ok;
  },
});
