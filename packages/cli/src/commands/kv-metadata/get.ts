// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { during, exitCode, ServerError } from "../../errors.ts";
import { text } from "../../flags/flag.ts";
import { readIfPresent } from "../../http/absent.ts";
import { connect } from "../../http/client.ts";
import { apiFlags } from "../../http/settings.ts";
import { findKvTarget, mountFlags, requireVersion2 } from "../../kv/target.ts";
import { formatFlags, outputFormat } from "../../output/format.ts";
import { showMetadata } from "../../views/kv-metadata.ts";
import { showSecret } from "../../views/secret.ts";

export const kvMetadataGet = defineCommand({
  path: "kv metadata get",
  synopsis: "Show a secret's settings and versions",
  argumentsUsage: "PATH",
  argumentCount: { min: 1, max: 1 },
  description: "KV 2: shows the settings of a secret and the state of each of its versions, no values.",
  examples: ["kv metadata get -mount=secret app/db"],
  flags: {
    ...apiFlags,
    ...formatFlags,
    ...mountFlags,
    field: text({ name: "field", usage: "Print only this field." }),
  },
  async run({ flags, args, io }) {
    const format = outputFormat(flags.format, io.env);
    const client = connect(flags, io);
    const target = await findKvTarget(client, flags.mount, args[0]!);
    requireVersion2(target, "kv metadata get");
    const apiPath = target.path("metadata");
    const answer = await during(`Error reading ${apiPath}`, () => readIfPresent(client, apiPath));
    if (answer === undefined) throw new ServerError(`No value found at ${apiPath}`);
    if (flags.field !== undefined) showSecret(io, format, answer, flags.field);
    else showMetadata(io, format, apiPath, answer);
    return exitCode.ok;
  },
});
