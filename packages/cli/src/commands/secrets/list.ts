// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { connect } from "../../http/client.ts";
import { objectField, textField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { formatFlags, outputFormat, show } from "../../output/format.ts";
import { isObject, type JsonObject, sortedKeys, sortMembers } from "../../output/json-text.ts";
import { table } from "../../output/table.ts";

export const secretsList = defineCommand({
  path: "secrets list",
  synopsis: "List the mounted secrets engines",
  description: "Lists what is mounted where.",
  flags: { ...apiFlags, ...formatFlags },
  async run({ flags, io }) {
    const format = outputFormat(flags.format, io.env);
    const answer = await during("Error listing secrets engines", () => connect(flags, io).request("GET", "sys/mounts"));
    const mounts = objectField(answer.body, "data") ?? {};
    show(io, format, { table: () => mountTable(mounts), value: sortedKeys(mounts), raw: answer.text });
    return exitCode.ok;
  },
});

function mountTable(mounts: JsonObject): string {
  const rows = sortMembers(Object.entries(mounts)).map(([path, mount]) => {
    const fields = isObject(mount) ? mount : {};
    return [path, ...["type", "accessor", "description"].map((name) => textField(fields, name))];
  });
  return table(["Path", "Type", "Accessor", "Description"], rows);
}
