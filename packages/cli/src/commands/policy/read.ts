// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { readIfPresent } from "../../http/absent.ts";
import { connect } from "../../http/client.ts";
import { objectField, textField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";

export const policyRead = defineCommand({
  path: "policy read",
  synopsis: "Show a policy",
  argumentsUsage: "NAME",
  argumentCount: { min: 1, max: 1 },
  description: "Prints the text of a policy.",
  examples: ["policy read rotate"],
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const name = args[0]!.toLowerCase().trim();
    const answer = await during(`Error reading policy named ${name}`, () =>
      readIfPresent(connect(flags, io), `sys/policies/acl/${name}`),
    );
    if (answer === undefined) throw new ServerError(`No policy named: ${name}`);
    const policy = textField(objectField(answer.body, "data") ?? {}, "policy").trim();
    show(io, format, { table: () => policy, value: { policy }, raw: answer.text });
    return exitCode.ok;
  },
});
