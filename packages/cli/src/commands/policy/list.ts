// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { listField, objectField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";

export const policyList = defineCommand({
  path: "policy list",
  synopsis: "List the policies",
  description: "Lists the names of all policies.",
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const answer = await during("Error listing policies", () =>
      connect(flags, io).request("GET", "sys/policies/acl", { query: { list: "true" } }),
    );
    const names = listField(objectField(answer.body, "data") ?? {}, "keys");
    show(io, format, { table: () => names.join("\n"), value: names, raw: answer.text });
    return exitCode.ok;
  },
});
