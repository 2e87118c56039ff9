// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { integer, text } from "../../flags/flag.ts";
import { readIfPresent } from "../../http/absent.ts";
import { type Answer, connect } from "../../http/client.ts";
import { objectField } from "../../http/fields.ts";
import { apiFlags } from "../../http/settings.ts";
import { findKvTarget, type KvTarget, mountFlags } from "../../kv/target.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showVersion1, showVersion2 } from "../../views/kv-secret.ts";
import { showField } from "../../views/secret.ts";

export const kvGet = defineCommand({
  path: "kv get",
  synopsis: "Read a secret",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "Reads a secret, or with -field one of its values, bare, for scripts.",
  examples: ["kv get -mount=secret app/db", "kv get -mount=secret -field=password app/db"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    ...mountFlags,
    field: text({ name: "field", usage: "Print only this value, without a newline when the output is no terminal." }),
    version: integer({ name: "version", usage: "KV 2: this version instead of the current one." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0]!);
    const apiPath = target.path("data");
    const parts = flags.version === undefined ? {} : { query: { version: String(flags.version) } };
    const answer = await during(`Error reading ${apiPath}`, () => readIfPresent(client, apiPath, parts));
    if (answer === undefined || objectField(answer.body, "data") === undefined) {
      throw new ServerError(`No value found at ${apiPath}`);
    }
    if (flags.field !== undefined) {
      const data = secretData(answer, target);
      if (data === undefined) throw new ServerError(`No data found at ${apiPath}`);
      showField(io, format, Object.hasOwn(data, flags.field) ? data[flags.field] : undefined, flags.field);
    } else if (target.version === 1) showVersion1(io, format, answer);
    else showVersion2(io, format, apiPath, answer);
    return exitCode.ok;
  },
});

function secretData(answer: Answer, target: KvTarget) {
  const data = objectField(answer.body, "data") ?? {};
  return target.version === 1 ? data : objectField(data, "data");
}
