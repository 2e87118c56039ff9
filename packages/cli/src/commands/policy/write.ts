// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, UsageError } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { readFile } from "../../input/pairs.ts";
import { say } from "../../io.ts";

export const policyWrite = defineCommand({
  path: "policy write",
  synopsis: "Store a policy",
  argumentsUsage: "NAME FILE",
  argumentCount: { min: 2, max: 2 },
  description: 'Stores a policy (HCL or JSON) from a file, or from standard input with "-".',
  examples: ["policy write rotate rotate.hcl", "policy write rotate - < rotate.hcl"],
  flags: apiFlags,
  async run({ flags, args, io }) {
    const name = args[0]!.toLowerCase().trim();
    const policy = args[1] === "-" ? await io.readStdin() : readFile(args[1]!);
    if (policy.trim() === "") throw new UsageError("The policy is empty.");
    await during("Error uploading policy", () =>
      connect(flags, io).request("PUT", `sys/policies/acl/${name}`, { body: { policy } }),
    );
    say(io, `Success! Uploaded policy: ${name}`);
    return exitCode.ok;
  },
});
