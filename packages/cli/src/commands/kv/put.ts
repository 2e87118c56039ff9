// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode } from "../../errors.ts";
import { integer, text } from "../../flags/flag.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { say } from "../../io.ts";
import { mountFlags } from "../../kv/target.ts";
import { kvWrite } from "../../kv/write.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showWritten } from "../../views/kv-secret.ts";
import { showSecret } from "../../views/secret.ts";

export const kvPut = defineCommand({
  path: "kv put",
  synopsis: "Write a secret",
  argumentsUsage: "PATH [key=value ...]",
  argumentCount: { min: 1, max: Number.POSITIVE_INFINITY },
  description:
    "Writes a secret; what it held before is replaced (KV 1) or becomes an older version (KV 2). A value is read from " +
    'standard input when it is "-" and from a file when it is "@FILE"; so is a whole JSON object given without a key.',
  examples: [
    "kv put -mount=secret app/db user=app password=-  < password.txt",
    "kv put -mount=secret app/db @secret.json",
  ],
  flags: {
    ...apiFlags,
    ...formatFlags,
    ...mountFlags,
    field: text({ name: "field", usage: "Print only this field of the answer." }),
    cas: integer({ name: "cas", usage: "KV 2: write only if the current version is this one; 0 for a new secret." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    const { target, apiPath, data, options } = await kvWrite(client, flags, args, io);
    const answer = await during(`Error writing data to ${apiPath}`, () =>
      client.request("PUT", apiPath, { body: target.version === 2 ? { data, ...options } : data }),
    );
    if (answer.text === "") {
      if (format === "table") say(io, `Success! Data written to: ${apiPath}`);
    } else if (flags.field !== undefined) showSecret(io, format, answer, flags.field);
    else showWritten(io, format, apiPath, answer);
    return exitCode.ok;
  },
});
